/* The slow, obvious twins of the primitives in update.c, sparse.c and augment.c. Compiled for the tests only. */
#include "../augment.h"
#include "../primitives.h"
#include "../update.h"

static double gradient(const Entry *columns, const u32 *counts, const float *dY, u32 stride, u32 columns_stride, u32 d, u32 h) {
    double sum = 0;
    for (u32 c = 0; c < counts[d]; c++) {
        Entry entry = columns[d * columns_stride + c];
        sum += bits_float(entry_bits(entry)) / 255.0 * dY[entry_index(entry) * stride + h];
    }
    return sum;
}

static void momentum_one(float *w, float *v, double g, float rate, float momentum, float weight_decay) {
    *v = (float)(momentum * *v + g + (double)weight_decay * *w);
    *w += rate * *v;
}

static void adam_one(float *w, float *m, float *v, double g, float rate, float epsilon, float keep) {
    *m = (float)(BETA1 * *m + (1 - BETA1) * g);
    *v = (float)(BETA2 * *v + (1 - BETA2) * g * g);
    *w = (float)(keep * *w + rate * *m / (__builtin_sqrt(*v) + epsilon));
}

EXPORT(naive_move_momentum)
void naive_move_momentum(float *W, float *V, float *G, u32 count, float rate, float momentum, float weight_decay) {
    for (u32 i = 0; i < count; i++) momentum_one(W + i, V + i, G[i], rate, momentum, weight_decay), G[i] = 0;
}

EXPORT(naive_move_adam)
void naive_move_adam(float *W, float *M, float *V, float *G, u32 count, float rate, float epsilon, float keep) {
    for (u32 i = 0; i < count; i++) adam_one(W + i, M + i, V + i, G[i], rate, epsilon, keep), G[i] = 0;
}

EXPORT(naive_sparse_momentum)
void naive_sparse_momentum(float *W, float *V, const Entry *columns, u32 columns_stride, const u32 *counts, u32 D, u32 H,
                           const float *dY, u32 stride, float step, float rate, float momentum, float weight_decay) {
    for (u32 d = 0; d < D; d++)
        for (u32 h = 0; h < H; h++) {
            u32 place = (h / BLOCK * D + d) * BLOCK + h % BLOCK;
            double g = step * gradient(columns, counts, dY, stride, columns_stride, d, h);
            momentum_one(W + place, V + place, g, rate, momentum, weight_decay);
        }
}

EXPORT(naive_sparse_adam)
void naive_sparse_adam(float *W, float *M, float *V, const Entry *columns, u32 columns_stride, const u32 *counts, u32 D,
                       u32 H, const float *dY, u32 stride, float step, float rate, float epsilon, float keep) {
    for (u32 d = 0; d < D; d++)
        for (u32 h = 0; h < H; h++) {
            u32 place = (h / BLOCK * D + d) * BLOCK + h % BLOCK;
            double g = step * gradient(columns, counts, dY, stride, columns_stride, d, h);
            adam_one(W + place, M + place, V + place, g, rate, epsilon, keep);
        }
}

/* What is drawn for a place: view (6). The tests turn pictures by it themselves. */
EXPORT(naive_view)
void naive_view(View *view, u32 seed, u32 place) { *view = draw_view(seed, place); }

static double pixel(const u8 *image, int x, int y) {
    return x < 0 || y < 0 || x >= SIDE || y >= SIDE ? 0 : image[y * SIDE + x];
}

EXPORT(naive_augment)
void naive_augment(u8 *target, const u8 *images, const u32 *rows, u32 first, u32 B, u32 seed) {
    for (u32 b = 0; b < B; b++) {
        const u8 *image = images + SIDE * SIDE * (rows ? rows[first + b] : first + b);
        View view = draw_view(seed, first + b);
        for (int row = 0; row < SIDE; row++)
            for (int column = 0; column < SIDE; column++) {
                double px = view.x0 + column * view.xx + row * view.xy, py = view.y0 + column * view.yx + row * view.yy;
                int x = (int)__builtin_floor(px), y = (int)__builtin_floor(py);
                double fx = px - x, fy = py - y;
                double upper = (1 - fx) * pixel(image, x, y) + fx * pixel(image, x + 1, y);
                double lower = (1 - fx) * pixel(image, x, y + 1) + fx * pixel(image, x + 1, y + 1);
                *target++ = (u8)((1 - fy) * upper + fy * lower + 0.5);
            }
    }
}
