/* The slow, obvious twins of the vectorised primitives in inside.c. Compiled for the tests only. */
#include "../conv.h"

EXPORT(naive_dense_input)
void naive_dense_input(float *dX, const float *W, const float *dY, u32 I, u32 O, u32 block) {
    for (u32 i = 0; i < I; i++) {
        double sum = 0;
        for (u32 o = 0; o < O; o++) sum += (double)W[(o / block * I + i) * block + o % block] * dY[o];
        dX[i] = (float)sum;
    }
}

EXPORT(naive_image_conv_input)
void naive_image_conv_input(const Conv *conv, float *dX, const float *W, const float *dY, const float *Y, const u8 *which) {
    int N = (int)conv->N, P = N / 2;
    for (int y = 0; y < N; y++)
        for (int x = 0; x < N; x++) {
            double sum = 0;
            for (int t = 0; t < 9; t++) {
                int row = y + 1 - t / 3, column = x + 1 - t % 3; /* the output that sees this pixel through tap t */
                if (row < 0 || row >= N || column < 0 || column >= N) continue;
                u32 place = output_place(conv, (u32)row / 2, (u32)column / 2), window = (u32)(row / 2 * P + column / 2) * conv->O;
                for (u32 o = 0; o < conv->O; o++)
                    if (Y[place + o] > 0 && which[window + o] == row % 2 * 2 + column % 2)
                        sum += (double)dY[place + o] * W[(u32)t * conv->O + o];
            }
            dX[y * N + x] = (float)sum;
        }
}
