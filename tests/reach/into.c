/* Runs the program of the same path in another root: what tests call from outside a place where they cannot run.
   It is called in the folder of the same path if that is there, else in the root. */
#include <err.h>
#include <limits.h>
#include <sys/auxv.h>
#include <unistd.h>

int main(int argc __attribute__((unused)), char **argv)
{
    char folder[PATH_MAX] = "/";
    const char *program = (const char *)getauxval(AT_EXECFN);

    if (getcwd(folder, sizeof folder) == NULL)
        folder[0] = '\0';
    if (chroot(ROOT) != 0 || (chdir(folder) != 0 && chdir("/") != 0))
        err(70, "%s", ROOT);
    execv(program, argv);
    err(70, "%s%s", ROOT, program);
}
