/* The slow, obvious twin of each fast primitive: same signature, one number at a time. Compiled for the tests only. */
#include "../primitives.h"

static float entry_value(Entry entry) {
    return bits_float(entry_bits(entry)) * (1.0f / 255.0f);
}

EXPORT(naive_list_pixels)
void naive_list_pixels(const u8 *images, const u32 *rows, u32 first, u32 B, u32 D, const u8 *positions, Entry *entries,
                       u32 *lengths) {
    (void)positions;
    for (u32 b = 0; b < B; b++, entries += SLOT(D)) {
        u32 row = rows ? rows[first + b] : first + b, count = 0;
        for (u32 d = 0; d < D; d++)
            if (images[row * D + d]) entries[count++] = ENTRY(d, float_bits(images[row * D + d]));
        lengths[b] = count;
    }
}

EXPORT(naive_group_pixels)
void naive_group_pixels(const Entry *entries, const u32 *lengths, u32 B, u32 D, Entry *columns, u32 stride, u32 *counts,
                        u32 first, u32 count) {
    for (u32 d = first; d < first + count; d++) {
        counts[d] = 0;
        for (u32 b = 0; b < B; b++)
            for (u32 e = b * SLOT(D); e < b * SLOT(D) + lengths[b]; e++)
                if (entry_index(entries[e]) == d) columns[d * stride + counts[d]++] = ENTRY(b, entry_bits(entries[e]));
    }
}

EXPORT(naive_sparse_forward)
void naive_sparse_forward(const float *W, const float *bias, const Entry *entries, const u32 *lengths, u32 B, u32 D, u32 H,
                          float *Y, u32 stride) {
    for (u32 b = 0; b < B; b++)
        for (u32 h = 0; h < H; h++) {
            double sum = bias[h];
            for (u32 e = b * SLOT(D); e < b * SLOT(D) + lengths[b]; e++)
                sum += (double)entry_value(entries[e]) * W[(h / BLOCK * D + entry_index(entries[e])) * BLOCK + h % BLOCK];
            Y[b * stride + h] = (float)sum;
        }
}

EXPORT(naive_sparse_update)
void naive_sparse_update(float *W, const Entry *columns, u32 columns_stride, const u32 *counts, u32 D, u32 H,
                         const float *dY, u32 stride, float step) {
    for (u32 d = 0; d < D; d++)
        for (u32 h = 0; h < H; h++) {
            double sum = 0;
            for (u32 c = 0; c < counts[d]; c++) {
                Entry entry = columns[d * columns_stride + c];
                sum += (double)entry_value(entry) * dY[entry_index(entry) * stride + h];
            }
            W[(h / BLOCK * D + d) * BLOCK + h % BLOCK] += (float)(step * sum);
        }
}

EXPORT(naive_matmul)
void naive_matmul(float *C, u32 cs, const float *A, u32 ars, u32 acs, const float *B, u32 bs, u32 M, u32 N, u32 K,
                  const float *base, u32 base_stride, float scale) {
    for (u32 m = 0; m < M; m++)
        for (u32 n = 0; n < N; n++) {
            double sum = 0;
            for (u32 k = 0; k < K; k++) sum += (double)A[m * ars + k * acs] * B[k * bs + n];
            C[m * cs + n] = (float)((base ? base[m * base_stride + n] : 0) + scale * sum);
        }
}

EXPORT(naive_bias_update)
void naive_bias_update(float *bias, const float *dY, u32 B, u32 stride, float step, u32 O) {
    for (u32 o = 0; o < O; o++) {
        double sum = 0;
        for (u32 b = 0; b < B; b++) sum += dY[b * stride + o];
        bias[o] += (float)(step * sum);
    }
}

EXPORT(naive_relu_forward)
void naive_relu_forward(float *Y, u32 B, u32 stride) {
    for (u32 i = 0; i < B * stride; i++)
        if (Y[i] <= 0) Y[i] = 0;
}

EXPORT(naive_relu_backward)
void naive_relu_backward(float *dY, const float *Y, u32 B, u32 stride) {
    for (u32 i = 0; i < B * stride; i++)
        if (!(Y[i] > 0)) dY[i] = 0;
}

/* e^x as (1 + y + y^2/2 + …)^1024 with y = x/1024; below -700 it is 0. */
double naive_exp(double x) {
    if (x < -700) return 0;
    double y = x / 1024, term = 1, sum = 1;
    for (int n = 1; n < 12; n++) term *= y / n, sum += term;
    for (int n = 0; n < 10; n++) sum *= sum;
    return sum;
}

/* Newton's method on e^y = x, for 1 <= x <= e^40. */
static double naive_log(double x) {
    double y = 0;
    for (double power = x; power > 2.718281828459045; power /= 2.718281828459045) y += 1;
    for (int n = 0; n < 20; n++) y += x / naive_exp(y) - 1;
    return y;
}

static void naive_softmax_row(double *p, const float *Z, u32 K, double *log_sum) {
    double sum = 0, top = Z[0];
    for (u32 k = 1; k < K; k++) top = Z[k] > top ? Z[k] : top;
    for (u32 k = 0; k < K; k++) sum += p[k] = naive_exp(Z[k] - top);
    for (u32 k = 0; k < K; k++) p[k] /= sum;
    *log_sum = top + naive_log(sum);
}

EXPORT(naive_nll)
void naive_nll(float *Z, u32 B, u32 K, u32 stride, const u8 *labels, const u32 *rows, u32 first, Score *score) {
    for (u32 b = 0; b < B; b++, Z += stride) {
        u32 label = labels[rows ? rows[first + b] : first + b], best = 0;
        double p[64], log_sum;
        naive_softmax_row(p, Z, K, &log_sum);
        for (u32 k = 1; k < K; k++)
            if (Z[k] > Z[best]) best = k;
        score->loss += log_sum - Z[label];
        score->correct += best == label;
        for (u32 k = 0; k < stride; k++) Z[k] = k < K ? (float)(p[k] - (k == label)) : 0;
    }
}

EXPORT(naive_softmax)
void naive_softmax(float *Z, u32 K, u32 stride) {
    double p[64], log_sum;
    naive_softmax_row(p, Z, K, &log_sum);
    for (u32 k = 0; k < stride; k++) Z[k] = k < K ? (float)p[k] : 0;
}
