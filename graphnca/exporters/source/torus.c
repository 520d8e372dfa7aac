
/* A torus of cells: PROGRAM WIDTH HEIGHT < in > out.

   In are the states, a byte a channel, cell by cell and row by row, and then a random key of four bytes, the machine's
   own, for every step that is to be taken. Out are the states after these steps. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void look(const uint8_t *states, int width, int height, int cell, const uint8_t *near[9]) {
    int x = cell % width, y = cell / width, k;
    for (k = 0; k < 9; k++) {
        int column = (x + k % 3 - 1 + width) % width, row = (y + k / 3 - 1 + height) % height;
        near[k] = states + NCA_CHANNELS * (size_t)(row * width + column);
    }
}

int main(int count, char **words) {
    int width = count > 2 ? atoi(words[1]) : 0, height = count > 2 ? atoi(words[2]) : 0, cell;
    size_t cells = width > 0 && height > 0 ? (size_t)width * (size_t)height : 0, size = NCA_CHANNELS * cells;
    uint8_t *states = malloc(size + 1), *next = malloc(size + 1), *lives = malloc(cells + 1), *swap;
    const uint8_t *near[9];
    uint32_t key;
    if (!cells || !states || !next || !lives || fread(states, 1, size, stdin) != size) {
        fprintf(stderr, "usage: %s WIDTH HEIGHT < states and keys\n", words[0]);
        return 2;
    }
    while (fread(&key, sizeof key, 1, stdin) == 1) {
        for (cell = 0; cell < (int)cells; cell++) {
            uint8_t *to = next + NCA_CHANNELS * (size_t)cell;
            look(states, width, height, cell, near);
            lives[cell] = !NCA_LIFE_BEFORE || nca_alive(near);
            /* a cell without life steps too where life is asked for after the step: its alpha counts for others */
            if ((lives[cell] || NCA_LIFE_AFTER) && nca_fires(key, (uint32_t)cell)) nca_step(near, to);
            else memcpy(to, near[4], NCA_CHANNELS);
        }
        for (cell = 0; NCA_LIFE_AFTER && cell < (int)cells; cell++) {
            look(next, width, height, cell, near);
            lives[cell] = lives[cell] && nca_alive(near);
        }
        for (cell = 0; cell < (int)cells; cell++)
            if (!lives[cell]) memset(next + NCA_CHANNELS * (size_t)cell, NCA_ZERO, NCA_CHANNELS);
        swap = states, states = next, next = swap;
    }
    return fwrite(states, 1, size, stdout) == size ? 0 : 1;
}
