class DockerCredentialEcrx < Formula
  desc "Docker credential helper for Amazon ECR across AWS accounts"
  homepage "@HOMEPAGE@"
  version "@VERSION@"
  license "Apache-2.0"

  on_macos do
    on_arm do
      url "@HOMEPAGE@/releases/download/v@VERSION@/docker-credential-ecrx-@VERSION@-darwin-arm64.tar.gz"
      sha256 "@SHA256-darwin-arm64@"
    end
    on_intel do
      url "@HOMEPAGE@/releases/download/v@VERSION@/docker-credential-ecrx-@VERSION@-darwin-x86_64.tar.gz"
      sha256 "@SHA256-darwin-x86_64@"
    end
  end

  on_linux do
    on_arm do
      url "@HOMEPAGE@/releases/download/v@VERSION@/docker-credential-ecrx-@VERSION@-linux-aarch64.tar.gz"
      sha256 "@SHA256-linux-aarch64@"
    end
    on_intel do
      url "@HOMEPAGE@/releases/download/v@VERSION@/docker-credential-ecrx-@VERSION@-linux-x86_64.tar.gz"
      sha256 "@SHA256-linux-x86_64@"
    end
  end

  def install
    man1.install "docker-credential-ecrx/share/man/man1/docker-credential-ecrx.1"
    libexec.install "docker-credential-ecrx"
    bin.install_symlink libexec/"docker-credential-ecrx/docker-credential-ecrx"
    bin.install_symlink libexec/"docker-credential-ecrx/docker-credential-ecrx" => "ecrx"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/docker-credential-ecrx version")
  end
end
