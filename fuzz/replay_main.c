/* Runs a fuzz target over files, and over every file of folders: what CI does, without clang. */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

static bool
run_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        return false;
    }
    uint8_t *data = NULL;
    size_t size = 0, got = 0, step = 64 * 1024;
    do {
        uint8_t *more = realloc(data, size + step);
        if (more == NULL)
            abort();
        data = more;
        got = fread(data + size, 1, step, f);
        size += got;
    } while (got == step);
    fclose(f);
    /* A block of exactly the size, for the sanitizer to guard its end. */
    data = realloc(data, size ? size : 1);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return true;
}

/* The number of files run, -1 when one could not be read. */
static int
run_folder(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    int runs = 0;
    if (folder == NULL) {
        if (errno == ENOTDIR)
            return run_file(path) ? 1 : -1;
        perror(path);
        return -1;
    }
    while (runs >= 0 && (entry = readdir(folder)) != NULL) {
        char file[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        runs = run_file(file) ? runs + 1 : -1;
    }
    closedir(folder);
    return runs;
}

int
main(int argc, char **argv)
{
    int runs = 0;
    for (int i = 1; i < argc; i++) {
        int n = run_folder(argv[i]);
        if (n < 0)
            return 1;
        runs += n;
    }
    printf("%d inputs\n", runs);
    return runs == 0; /* an empty corpus is a mistake */
}
