/* The slow, obvious twins of the primitives in image_conv.c, conv_….c and update.c. Compiled for the tests only. */
#include "../conv.h"

EXPORT(naive_ink)
void naive_ink(float *X, const u8 *images, const u32 *rows, u32 first, u32 B, u32 N) {
    for (u32 b = 0; b < B; b++)
        for (u32 y = 0; y < N; y++)
            for (u32 x = 0; x < N; x++)
                X[(b * (N + 2) + y + 1) * (N + 4) + x + 1] =
                    (float)images[(rows ? rows[first + b] : first + b) * N * N + y * N + x] * (1.0f / 255.0f);
}

/* The greatest of four scores (the first of equals), at least 0, and where it was. */
static void naive_pool(const double *scores, float *y, u8 *which) {
    u8 best = 0;
    for (u8 k = 1; k < 4; k++)
        if (scores[k] > scores[best]) best = k;
    *which = best;
    *y = scores[best] <= 0 ? 0 : (float)scores[best];
}

EXPORT(naive_image_conv_forward)
void naive_image_conv_forward(const Conv *conv, const float *X, const float *W, const float *bias, u32 B, float *Y,
                              u8 *which) {
    u32 N = conv->N, O = conv->O, P = N / 2, row = N + 4;
    for (u32 b = 0; b < B; b++)
        for (u32 p = 0; p < P * P; p++)
            for (u32 o = 0; o < O; o++) {
                double scores[4];
                for (u32 k = 0; k < 4; k++) {
                    const float *x = X + b * (N + 2) * row + (p / P * 2 + k / 2) * row + p % P * 2 + k % 2;
                    scores[k] = bias[o];
                    for (u32 t = 0; t < 9; t++) scores[k] += (double)x[t / 3 * row + t % 3] * W[t * O + o];
                }
                naive_pool(scores, Y + b * conv->stride + output_place(conv, p / P, p % P) + o, which + (b * P * P + p) * O + o);
            }
}

EXPORT(naive_image_conv_update)
void naive_image_conv_update(const Conv *conv, float *W, float *bias, const float *X, u32 B, const float *dY,
                             const float *Y, const u8 *which, float step, u32 first, u32 count) {
    u32 N = conv->N, O = conv->O, P = N / 2, row = N + 4;
    for (u32 o = first; o < first + count; o++) {
        double dW[9] = {0}, dbias = 0;
        for (u32 b = 0; b < B; b++)
            for (u32 p = 0; p < P * P; p++) {
                u32 place = b * conv->stride + output_place(conv, p / P, p % P) + o, k = which[(b * P * P + p) * O + o];
                if (!(Y[place] > 0)) continue;
                const float *x = X + b * (N + 2) * row + (p / P * 2 + k / 2) * row + p % P * 2 + k % 2;
                for (u32 t = 0; t < 9; t++) dW[t] += (double)dY[place] * x[t / 3 * row + t % 3];
                dbias += dY[place];
            }
        for (u32 t = 0; t < 9; t++) W[t * O + o] += (float)(step * dW[t]);
        bias[o] += (float)(step * dbias);
    }
}

EXPORT(naive_conv_forward)
void naive_conv_forward(const Conv *conv, const float *X, const float *W, const float *bias, u32 B, float *Y, u8 *which) {
    u32 N = conv->N, I = conv->I, O = conv->O, P = N / 2, row = (N + 2) * I;
    for (u32 b = 0; b < B; b++)
        for (u32 p = 0; p < P * P; p++)
            for (u32 o = 0; o < O; o++) {
                double scores[4];
                for (u32 k = 0; k < 4; k++) {
                    const float *x = X + b * (N + 2) * row + (p / P * 2 + k / 2) * row + (p % P * 2 + k % 2) * I;
                    scores[k] = bias[o];
                    for (u32 t = 0; t < 9; t++)
                        for (u32 i = 0; i < I; i++)
                            scores[k] += (double)x[t / 3 * row + t % 3 * I + i] * W[(o * 9 + t) * I + i];
                }
                naive_pool(scores, Y + b * conv->stride + output_place(conv, p / P, p % P) + o, which + (b * P * P + p) * O + o);
            }
}

EXPORT(naive_conv_backward)
void naive_conv_backward(const Conv *conv, float *dW, float *dbias, float *dX, const float *X, const float *W, u32 B,
                         const float *dY, const float *Y, const u8 *which) {
    u32 N = conv->N, I = conv->I, O = conv->O, P = N / 2, row = (N + 2) * I;
    for (u32 i = 0; i < O * 9 * I; i++) dW[i] = 0;
    for (u32 o = 0; o < O; o++) dbias[o] = 0;
    for (u32 i = 0; i < B * (N + 2) * row; i++) dX[i] = 0;
    for (u32 b = 0; b < B; b++)
        for (u32 p = 0; p < P * P; p++)
            for (u32 o = 0; o < O; o++) {
                u32 place = b * conv->stride + output_place(conv, p / P, p % P) + o, k = which[(b * P * P + p) * O + o];
                if (!(Y[place] > 0)) continue;
                u32 x = b * (N + 2) * row + (p / P * 2 + k / 2) * row + (p % P * 2 + k % 2) * I;
                for (u32 t = 0; t < 9; t++)
                    for (u32 i = 0; i < I; i++) {
                        dW[(o * 9 + t) * I + i] += dY[place] * X[x + t / 3 * row + t % 3 * I + i];
                        dX[x + t / 3 * row + t % 3 * I + i] += dY[place] * W[(o * 9 + t) * I + i];
                    }
                dbias[o] += dY[place];
            }
    for (u32 b = 0; b < B; b++) /* what flows into the border is lost */
        for (u32 y = 0; y < N + 2; y++)
            for (u32 x = 0; x < N + 2; x++)
                if (!y || y == N + 1 || !x || x == N + 1)
                    for (u32 i = 0; i < I; i++) dX[b * (N + 2) * row + y * row + x * I + i] = 0;
}

EXPORT(naive_add_scaled)
void naive_add_scaled(float *target, const float *source, u32 count, float scale) {
    for (u32 i = 0; i < count; i++) target[i] += scale * source[i];
}

EXPORT(naive_transpose)
void naive_transpose(float *target, u32 target_stride, const float *source, u32 source_stride, u32 rows, u32 columns) {
    for (u32 r = 0; r < rows; r++)
        for (u32 c = 0; c < columns; c++) target[c * target_stride + r] = source[r * source_stride + c];
}
