<#
.SYNOPSIS
Installs docker-credential-ecrx for one user of Windows, without administrator rights.

.DESCRIPTION
Run it from an unpacked release archive for Windows. It copies the program into a folder named after its version, and adds
the folder "current", which leads there, to the user's PATH. A version that is in use is kept until the next install.

Before you unpack a release archive, verify that the project's release workflow built it:
  gh attestation verify ARCHIVE --repo OWNER/docker-credential-ecrx

.PARAMETER Prefix
Install into this folder (default: %LOCALAPPDATA%\Programs\docker-credential-ecrx).

.PARAMETER Demo
After installing, run the demo, with a fake AWS on this machine.

.PARAMETER Uninstall
Delete the program, its state and its items in the Credential Locker, but not your config.toml.
If another installation of the program is on PATH, what that one uses is kept.

.PARAMETER Yes
Do not ask on a terminal before deleting passwords.

.EXAMPLE
powershell -ExecutionPolicy Bypass -File install.ps1 -Demo
#>
[CmdletBinding()]
param(
    [string] $Prefix = '',
    [switch] $Demo,
    [switch] $Uninstall,
    [switch] $Yes
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$Name = 'docker-credential-ecrx'
# A folder without this file does not belong to this program.
$MarkName = 'made-by-install.ps1'
# The files that the program creates in its state folder, except the list of what it stored.
$StateFiles = '^(ledger\.json\.(new|lock)|configure\.lock|token\..*\.lock|added-store-[0-9a-f]+(\.new)?)$'
# The folders that install.ps1 creates in its own: versions, and what a run that was killed left behind.
$OwnFolders = '^([0-9]+\.[0-9].*|\.(staging|old|current)-.*)$'

function Main {
    if ([Environment]::OSVersion.Platform -ne 'Win32NT') {
        throw 'this is not Windows; run install.sh'
    }
    if (-not $Prefix) {
        if (-not $env:LOCALAPPDATA) {
            throw 'LOCALAPPDATA is not set; choose a folder with -Prefix'
        }
        $script:Prefix = Join-Path $env:LOCALAPPDATA "Programs\$Name"
    }
    $folder = [IO.Path]::GetFullPath($ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Prefix))
    $script:Prefix = $folder.TrimEnd('\')
    if ($Prefix -eq [IO.Path]::GetPathRoot($folder).TrimEnd('\')) {
        throw "cannot install into $folder itself; choose a folder in it with -Prefix"
    }
    # PATH cannot hold a semicolon, and New-Item takes the others in a junction's target for a pattern.
    if ($Prefix -match '[;\[\]`]') {
        throw "cannot install into ${Prefix}; choose a -Prefix without semicolons, brackets and backticks"
    }
    $script:Mark = Join-Path $Prefix $MarkName
    $script:Current = Join-Path $Prefix 'current'
    $script:Program = Join-Path $Current "$Name.exe"

    # Two installs at once wait for each other; the system ends the wait for one that was killed.
    $mutex = New-Object System.Threading.Mutex($false, "Local\$Name-install")
    try {
        [void] $mutex.WaitOne()
    }
    catch [System.Threading.AbandonedMutexException] {
        Write-Verbose 'another install was killed'
    }
    try {
        if ($Uninstall) { Uninstall-Program } else { Install-Program }
    }
    finally {
        $mutex.ReleaseMutex()
    }
}

function Install-Program {
    $bundle = Join-Path $PSScriptRoot $Name
    if (-not (Test-Path -LiteralPath (Join-Path $bundle "$Name.exe") -PathType Leaf)) {
        throw 'there is no program next to install.ps1; unpack the whole archive'
    }
    if ((Test-Path -LiteralPath $Prefix) -and -not (Test-Path -LiteralPath $Mark) -and (Get-ChildItem -LiteralPath $Prefix -Force)) {
        throw "install.ps1 did not create $Prefix; move it away, or choose another -Prefix"
    }
    [void] [IO.Directory]::CreateDirectory($Prefix)
    [IO.File]::WriteAllText($Mark, "install.ps1 of $Name made this folder`r`n")

    $staging = Join-Path $Prefix ".staging-$PID"
    Remove-Folder $staging
    try {
        Copy-Item -LiteralPath $bundle -Destination $staging -Recurse
        # Windows marks files from the web, and scans each marked file whenever it is loaded.
        Get-ChildItem -LiteralPath $staging -Recurse -File | Unblock-File
        [IO.File]::WriteAllText((Join-Path $staging 'ecrx.cmd'), "@`"%~dp0$Name.exe`" %*`r`n")
        $version = Get-ProgramVersion (Join-Path $staging "$Name.exe")
        $target = Join-Path $Prefix $version
        for ($number = 2; Test-Path -LiteralPath $target; $number++) {
            # Windows does not replace a folder from which a program runs.
            $target = Join-Path $Prefix "$version-$number"
        }
        Move-Folder $staging $target
    }
    finally {
        Remove-Folder $staging
    }
    Set-Current $target
    Remove-OtherVersion $target
    $isNew = Add-ToUserPath
    Write-Line "installed $Name $version in $Current"

    if ($Demo) {
        & $Program demo
        if ($LASTEXITCODE) { throw 'the demo failed; see above' }
    }
    if ($isNew) {
        Write-Line 'programs that you start from now on find it on PATH: open a new terminal, and restart Docker Desktop'
    }
    Write-Line 'next, for the registry HOST and your AWS profile PROFILE:'
    [Console]::Out.WriteLine("  $Name configure HOST --profile PROFILE")
    Write-Line 'or, question by question:'
    [Console]::Out.WriteLine("  $Name setup")
}

function Uninstall-Program {
    if (-not (Test-Path -LiteralPath $Mark)) {
        Write-Line "$Name is not installed in $Prefix"
        return
    }
    $other = Find-Other
    Confirm-Uninstall (-not $other)
    if ($other) {
        Write-Line "kept Docker's configuration and the items in the Credential Locker, because $other uses them"
    }
    else {
        Remove-UserData
    }
    Remove-Current
    Remove-OtherVersion ''
    $left = @(Get-ChildItem -LiteralPath $Prefix -Directory -Force | Where-Object { $_.Name -match $OwnFolders })
    if ($left) {
        throw "$($left[0].FullName) is in use; end the programs that use it, and run install.ps1 -Uninstall again"
    }
    Remove-FromUserPath
    Remove-Item -LiteralPath $Mark -Force
    if (Get-ChildItem -LiteralPath $Prefix -Force) {
        Write-Line "kept $Prefix, because it has files of other programs"
    }
    else {
        [IO.Directory]::Delete($Prefix)
    }
    Write-Line "deleted $Name from $Prefix"
    if ($env:APPDATA -and (Test-Path -LiteralPath (Join-Path $env:APPDATA 'ecrx\config.toml'))) {
        Write-Line "kept your $(Join-Path $env:APPDATA 'ecrx\config.toml')"
    }
}

# On a terminal, fails unless the user agrees; without one, nobody is asked.
function Confirm-Uninstall([bool] $DeletesStored) {
    if ($Yes -or [Console]::IsInputRedirected) { return }
    $stored = ''
    if ($DeletesStored) { $stored = ', with the tokens and passwords that it stored' }
    [Console]::Error.Write("install.ps1: delete $Name from $Prefix${stored}? [y/N]: ")
    if ([Console]::In.ReadLine() -notmatch '^(y|yes)$') { throw 'nothing was deleted' }
}

# Returns the path of another installation on PATH, which Docker or the next terminal finds; or nothing.
function Find-Other {
    foreach ($entry in "$env:Path;$(Get-UserPath)" -split ';') {
        $folder = [Environment]::ExpandEnvironmentVariables($entry.Trim().Trim('"'))
        foreach ($suffix in '.exe', '.cmd', '.bat', '.com') {
            try {
                # Docker runs no program from a relative folder either.
                if (-not [IO.Path]::IsPathRooted($folder)) { continue }
                $path = [IO.Path]::GetFullPath([IO.Path]::Combine($folder, "$Name$suffix"))
            }
            catch { continue } # no folder has such a name
            $isOwn = $path.StartsWith("$Prefix\", [StringComparison]::OrdinalIgnoreCase)
            if (-not $isOwn -and [IO.File]::Exists($path)) { return $path }
        }
    }
}

# Deletes what the program stores for this user, and its name from Docker's configuration.
function Remove-UserData {
    if (Test-Path -LiteralPath $Program -PathType Leaf) {
        $runs = $false
        try {
            [void] (& $Program version)
            $runs = $LASTEXITCODE -eq 0
        }
        catch { Write-Verbose $_.Exception.Message }
        if ($runs) {
            & $Program configure --remove --all
            if ($LASTEXITCODE) { Write-Line 'Docker still uses the program for the registries that are named above' }
            & $Program forget --all --passwords --yes
            if ($LASTEXITCODE) { Write-Line 'the items that are named above could not be deleted' }
        }
        else {
            Write-Line "the program does not run, so it stays in Docker's configuration, and its items in the Credential Locker"
            Write-Line 'to delete them, install it again where it runs, and uninstall it there'
        }
    }
    if ($env:LOCALAPPDATA) { Remove-State (Join-Path $env:LOCALAPPDATA 'ecrx') }
}

# Deletes the files that the program creates there, except the list of what it stored if that still has an item.
function Remove-State([string] $Folder) {
    $found = Get-Item -LiteralPath $Folder -Force -ErrorAction SilentlyContinue
    if (-not $found) { return }
    if (-not $found.PSIsContainer -or ($found.Attributes -band [IO.FileAttributes]::ReparsePoint)) {
        Write-Line "kept $Folder, because it is not a folder of this program"
        return
    }
    Get-ChildItem -LiteralPath $Folder -File -Force | Where-Object { $_.Name -match $StateFiles } |
        Remove-Item -Force -ErrorAction SilentlyContinue
    $list = Join-Path $Folder 'ledger.json'
    if (Test-Path -LiteralPath $list -PathType Leaf) {
        if ([IO.File]::ReadAllText($list).Contains('"keyring":')) {
            Write-Line "kept $list, because the Credential Locker may still have the items that it lists"
            return
        }
        Remove-Item -LiteralPath $list -Force
    }
    if (Get-ChildItem -LiteralPath $Folder -Force) {
        Write-Line "kept $Folder, because it has files of other programs"
    }
    else {
        [IO.Directory]::Delete($Folder)
    }
}

# Runs the program, which also shows that it runs on this machine.
function Get-ProgramVersion([string] $Path) {
    $said = ''
    try { $said = [string] (& $Path version) }
    catch { Write-Verbose $_.Exception.Message }
    if ($said -match "^$Name ([0-9]+\.[0-9][0-9A-Za-z.+-]*)$") { return $Matches[1] }
    throw "the program does not run on this machine ($env:PROCESSOR_ARCHITECTURE); the archive is for 64-bit Windows 10 or newer"
}

# A junction, unlike a symbolic link, needs no special right. Windows cannot replace one in one step, so for a moment there is none.
function Set-Current([string] $Folder) {
    $next = Join-Path $Prefix ".current-$PID"
    [void] (New-Item -ItemType Junction -Path $next -Value $Folder)
    Remove-Current
    [IO.Directory]::Move($next, $Current)
}

# Deletes the junction, and nothing of what it leads to; a folder in its place that is not empty is an error.
function Remove-Current {
    try { [IO.Directory]::Delete($Current) }
    catch [IO.DirectoryNotFoundException] { Write-Verbose 'there is none' }
}

# Deletes the versions that no program runs from: the folder of a running program cannot be renamed, and is kept.
function Remove-OtherVersion([string] $Kept) {
    foreach ($folder in @(Get-ChildItem -LiteralPath $Prefix -Directory -Force)) {
        if ($folder.Name -match $OwnFolders -and $folder.FullName -ne $Kept) {
            if ($folder.Attributes -band [IO.FileAttributes]::ReparsePoint) {
                [IO.Directory]::Delete($folder.FullName)
                continue
            }
            $old = Join-Path $Prefix ".old-$([Guid]::NewGuid().ToString('N'))"
            try { Move-Folder $folder.FullName $old }
            catch { Write-Verbose "$($folder.FullName) is in use"; continue }
            Remove-Folder $old
        }
    }
}

# A virus scanner has files open for a moment after the program ran from there.
function Move-Folder([string] $From, [string] $To) {
    for ($try = 1; ; $try++) {
        try {
            [IO.Directory]::Move($From, $To)
            return
        }
        catch [IO.IOException] {
            if ($try -ge 10) { throw }
            Start-Sleep -Milliseconds 100
        }
    }
}

function Remove-Folder([string] $Path) {
    if (Test-Path -LiteralPath $Path) {
        Remove-Item -LiteralPath $Path -Recurse -Force
    }
}

# Returns whether PATH lacked it. The other entries are unchanged, with their variables.
function Add-ToUserPath {
    $old = Get-UserPath
    if (($old -split ';') -contains $Current) { return $false }
    Set-UserPath (@($old.TrimEnd(';'), $Current | Where-Object { $_ }) -join ';')
    return $true
}

function Remove-FromUserPath {
    $old = Get-UserPath
    $new = @($old -split ';' | Where-Object { $_ -ne $Current }) -join ';'
    if ($new -cne $old) { Set-UserPath $new }
}

function Get-UserPath {
    $key = [Microsoft.Win32.Registry]::CurrentUser.CreateSubKey('Environment')
    try { return [string] $key.GetValue('Path', '', [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames) }
    finally { $key.Close() }
}

function Set-UserPath([string] $Value) {
    $key = [Microsoft.Win32.Registry]::CurrentUser.CreateSubKey('Environment')
    try { $key.SetValue('Path', $Value, [Microsoft.Win32.RegistryValueKind]::ExpandString) }
    finally { $key.Close() }
    # Windows tells running programs of a change of the environment only when it is made like this.
    [Environment]::SetEnvironmentVariable('ECRX_INSTALL', $null, [EnvironmentVariableTarget]::User)
}

function Write-Line([string] $Text) {
    [Console]::Out.WriteLine("install.ps1: $Text")
}

try {
    Main
}
catch {
    [Console]::Error.WriteLine("install.ps1: $(($_.Exception.Message -split '\r?\n')[0])")
    exit 1
}
exit 0
