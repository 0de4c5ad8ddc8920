/* The slow, obvious twins of the primitives in activation.c. Compiled for the tests only. */
#include "../activation.h"
#include "../conv.h"
#include "../random.h"

double naive_exp(double x);

/* P(x) = 1/2 + phi(x) (x + x^3/3 + x^5/15 + …), which converges everywhere, and for x below -6 is taken to be phi(x)/-x times
   its continued fraction, since the sum would cancel. */
static double naive_normal(double x, double phi) {
    if (x > 6) return 1 - naive_normal(-x, phi);
    if (x < -6) {
        double fraction = 0;
        for (int n = 60; n; n--) fraction = n / (-x + fraction);
        return phi / (-x + fraction);
    }
    double term = x, sum = x;
    for (int n = 3; n < 400; n += 2) term *= x * x / n, sum += term;
    return 0.5 + phi * sum;
}

static void naive_one(u32 kind, float *Y, float *slope) {
    double x = *Y, y, d;
    if (kind == GELU) {
        double phi = naive_exp(-x * x / 2) * 0.3989422804014327, P = naive_normal(x, phi);
        y = x * P, d = P + x * phi;
    } else {
        double k = kind == TANH ? 2 : 1, s = 1 / (1 + naive_exp(-k * x)), rest = 1 / (1 + naive_exp(k * x));
        y = kind == TANH ? (x < 0 ? -1 : 1) * (1 - 2 / (1 + naive_exp(2 * __builtin_fabs(x)))) : s;
        d = k * k * s * rest;
    }
    *Y = (float)y;
    if (slope) *slope = (float)d;
}

EXPORT(naive_activate)
void naive_activate(u32 kind, float *Y, float *slope, u32 B, u32 features, u32 stride) {
    for (u32 b = 0; b < B; b++)
        for (u32 i = 0; i < features; i++) naive_one(kind, Y + b * stride + i, slope ? slope + b * stride + i : 0);
}

EXPORT(naive_activate_maps)
void naive_activate_maps(u32 kind, const Conv *conv, u32 C, float *Y, float *slope, u32 B) {
    u32 P = conv->N / 2;
    for (u32 b = 0; b < B; b++)
        for (u32 r = 0; r < P; r++)
            for (u32 c = 0; c < P; c++)
                for (u32 o = 0; o < C; o++) {
                    u32 place = b * conv->stride + output_place(conv, r, c) + o;
                    naive_one(kind, Y + place, slope ? slope + place : 0);
                }
}

EXPORT(naive_times)
void naive_times(float *dY, const float *slope, u32 B, u32 stride) {
    for (u32 i = 0; i < B * stride; i++) dY[i] *= slope[i];
}
