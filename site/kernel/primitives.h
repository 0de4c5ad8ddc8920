/* The primitives that a program may call. The comment at each definition says what it does. */
#ifndef PRIMITIVES_H
#define PRIMITIVES_H

#include "scrawl.h"

/* sparse.c */
u32 fetch_images(const u8 *images, const u32 *rows, u32 first, u32 B, u32 D);
void list_pixels(const u8 *images, const u32 *rows, u32 first, u32 B, u32 D, const u8 *positions, Entry *entries,
                 u32 *lengths);
void group_pixels(const Entry *entries, const u32 *lengths, u32 B, u32 D, Entry *columns, u32 stride, u32 *counts, u32 first,
                  u32 count);
void sparse_forward(const float *W, const float *bias, const Entry *entries, const u32 *lengths, u32 B, u32 D, u32 H,
                    float *Y, u32 stride);
void sparse_update(float *W, const Entry *columns, u32 columns_stride, const u32 *counts, u32 D, u32 H,
                   const float *dY, u32 stride, float step);
void sparse_momentum(float *W, float *V, const Entry *columns, u32 columns_stride, const u32 *counts, u32 D, u32 H,
                     const float *dY, u32 stride, float step, float rate, float momentum, float weight_decay);
void sparse_adam(float *W, float *M, float *V, const Entry *columns, u32 columns_stride, const u32 *counts, u32 D, u32 H,
                 const float *dY, u32 stride, float step, float rate, float epsilon, float keep);

/* dense.c */
void matmul(float *C, u32 cs, const float *A, u32 ars, u32 acs, const float *B, u32 bs, u32 M, u32 N, u32 K,
            const float *base, u32 base_stride, float scale);
void bias_update(float *bias, const float *dY, u32 B, u32 stride, float step, u32 O);
void relu_forward(float *Y, u32 B, u32 stride);
void relu_backward(float *dY, const float *Y, u32 B, u32 stride);

/* activation.c */
void activate(u32 kind, float *Y, float *slope, u32 B, u32 features, u32 stride);
void activate_maps(u32 kind, const Conv *conv, u32 C, float *Y, float *slope, u32 B);
void times(float *dY, const float *slope, u32 B, u32 stride);
void drop(float *Y, float *mask, u32 B, u32 features, u32 stride, u32 first, u32 seed, u32 layer, u32 percent);

/* loss.c */
void nll(float *Z, u32 B, u32 K, u32 stride, const u8 *labels, const u32 *rows, u32 first, Score *score);
void softmax(float *Z, u32 K, u32 stride);

/* image_conv.c */
void ink(float *X, const u8 *images, const u32 *rows, u32 first, u32 B, u32 N);
void image_conv_forward(const Conv *conv, const float *X, const float *W, const float *bias, u32 B, float *Y, u8 *which);
void image_conv_update(const Conv *conv, float *W, float *bias, const float *X, u32 B, const float *dY, const float *Y,
                       const u8 *which, float step, u32 first, u32 count);

/* conv_forward.c, conv_backward.c */
u32 conv_room(const Conv *conv);
void conv_prepare(const Conv *conv, const float *X, const float *W, const float *bias, void *scratch, void *room);
void conv_forward(const Conv *conv, const float *X, const float *bias, u32 B, float *Y, u8 *which, const void *scratch,
                  void *room);
void conv_input(const Conv *conv, float *dX, const float *W, u32 B, const float *dY, const float *Y, const u8 *which,
                void *room);
void conv_weights(const Conv *conv, float *dW, float *dbias, const float *X, u32 B, const float *dY, const float *Y,
                  const u8 *which, u32 first, u32 count, void *room);

/* augment.c */
void augment(u8 *target, const u8 *images, const u32 *rows, u32 first, u32 B, u32 seed);

/* update.c */
void clear(float *target, u32 count);
void copy(float *target, const float *source, u32 count);
void add_scaled(float *target, const float *source, u32 count, float scale);
void move_momentum(float *W, float *V, float *G, u32 count, float rate, float momentum, float weight_decay);
void move_adam(float *W, float *M, float *V, float *G, u32 count, float rate, float epsilon, float keep);
void transpose(float *target, u32 target_stride, const float *source, u32 source_stride, u32 rows, u32 columns);

#endif
