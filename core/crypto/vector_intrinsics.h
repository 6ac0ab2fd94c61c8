// The processor's vector intrinsics, for .cc files of this folder that choose them at run time.
#pragma once

#if defined(__x86_64__)

#include <immintrin.h>

#if !defined(__clang__)
// g++ 12 takes the deliberately undefined operands inside its own intrinsics for mistakes of whoever calls them; the
// alarm counts for the rest of the including file.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

#endif
