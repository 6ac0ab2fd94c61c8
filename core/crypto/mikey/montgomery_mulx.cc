// Montgomery's multiplication with mulx, adcx and adox: 16 words as two halves of 8, so that a row's
// accumulators stay in registers. The instructions are chosen at run time (has_mulx()).
#include "core/crypto/mikey/montgomery.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <algorithm>

namespace claviger::mikey {

#if defined(__x86_64__)

namespace {

using Word = std::uint64_t;
constexpr std::size_t kHalf = 8;

// (r8 .. r0) += a b, where r8 is zero before: the low halves of the products go along one chain of carries (CF), the
// high ones along the other (OF).
__attribute__((always_inline)) inline void row(Word& r0, Word& r1, Word& r2, Word& r3, Word& r4, Word& r5, Word& r6,
                                               Word& r7, Word& r8, const Word* a, Word b) {
  Word low;
  Word high;
  asm("xorl %k[low], %k[low]\n\t"
      "mulxq 0(%[a]), %[low], %[high]\n\tadcxq %[low], %[r0]\n\tadoxq %[high], %[r1]\n\t"
      "mulxq 8(%[a]), %[low], %[high]\n\tadcxq %[low], %[r1]\n\tadoxq %[high], %[r2]\n\t"
      "mulxq 16(%[a]), %[low], %[high]\n\tadcxq %[low], %[r2]\n\tadoxq %[high], %[r3]\n\t"
      "mulxq 24(%[a]), %[low], %[high]\n\tadcxq %[low], %[r3]\n\tadoxq %[high], %[r4]\n\t"
      "mulxq 32(%[a]), %[low], %[high]\n\tadcxq %[low], %[r4]\n\tadoxq %[high], %[r5]\n\t"
      "mulxq 40(%[a]), %[low], %[high]\n\tadcxq %[low], %[r5]\n\tadoxq %[high], %[r6]\n\t"
      "mulxq 48(%[a]), %[low], %[high]\n\tadcxq %[low], %[r6]\n\tadoxq %[high], %[r7]\n\t"
      "mulxq 56(%[a]), %[low], %[high]\n\tadcxq %[low], %[r7]\n\tadoxq %[high], %[r8]\n\t"
      "adcq $0, %[r8]\n\t"
      : [r0] "+r"(r0), [r1] "+r"(r1), [r2] "+r"(r2), [r3] "+r"(r3), [r4] "+r"(r4), [r5] "+r"(r5), [r6] "+r"(r6),
        [r7] "+r"(r7), [r8] "+r"(r8), [low] "=&r"(low), [high] "=&r"(high)
      : [a] "r"(a), "d"(b), "m"(*reinterpret_cast<const Word(*)[kHalf]>(a))
      : "cc");
}

// words[8 .. 16) += high + carry; the carry out.
inline Word add_high(Word* words, const Word (&high)[kHalf], Word carry) {
  // A carry of up to 2 comes in: it goes to the lowest word first.
  unsigned char bit = 0;
  unsigned char first = 0;
  words[kHalf] = add_word(words[kHalf], carry, first);
  words[kHalf] = add_word(words[kHalf], high[0], bit);
  words[kHalf + 1] = add_word(words[kHalf + 1], high[1], bit);
  CLAVIGER_UNROLL_WORDS for (std::size_t i = 2; i < kHalf; ++i) {
    words[kHalf + i] = add_word(words[kHalf + i], high[i], bit);
  }
  CLAVIGER_UNROLL_WORDS for (std::size_t i = 1; i < kHalf; ++i) words[kHalf + i] = add_word(words[kHalf + i], 0, first);
  return Word{bit} + first;
}

// words[0 .. 16) += a b + carry 2^512; the carry out.
inline Word add_product(Word* words, const Word* a, const Word* b, Word carry) {
  Word r0 = words[0], r1 = words[1], r2 = words[2], r3 = words[3];
  Word r4 = words[4], r5 = words[5], r6 = words[6], r7 = words[7];
  Word r8 = 0;
  row(r0, r1, r2, r3, r4, r5, r6, r7, r8, a, b[0]);
  words[0] = r0, r0 = 0;
  row(r1, r2, r3, r4, r5, r6, r7, r8, r0, a, b[1]);
  words[1] = r1, r1 = 0;
  row(r2, r3, r4, r5, r6, r7, r8, r0, r1, a, b[2]);
  words[2] = r2, r2 = 0;
  row(r3, r4, r5, r6, r7, r8, r0, r1, r2, a, b[3]);
  words[3] = r3, r3 = 0;
  row(r4, r5, r6, r7, r8, r0, r1, r2, r3, a, b[4]);
  words[4] = r4, r4 = 0;
  row(r5, r6, r7, r8, r0, r1, r2, r3, r4, a, b[5]);
  words[5] = r5, r5 = 0;
  row(r6, r7, r8, r0, r1, r2, r3, r4, r5, a, b[6]);
  words[6] = r6, r6 = 0;
  row(r7, r8, r0, r1, r2, r3, r4, r5, r6, a, b[7]);
  words[7] = r7;
  return add_high(words, {r8, r0, r1, r2, r3, r4, r5, r6}, carry);
}

// Makes words[0 .. 8) zero by adding factors times the low half of the modulus; the factors are for the high half. The carry out.
inline Word clear_low(Word* words, const Word* p, Word negated_inverse, Word* factors) {
  Word r0 = words[0], r1 = words[1], r2 = words[2], r3 = words[3];
  Word r4 = words[4], r5 = words[5], r6 = words[6], r7 = words[7];
  Word r8 = 0;
  row(r0, r1, r2, r3, r4, r5, r6, r7, r8, p, factors[0] = r0 * negated_inverse);
  r0 = 0;
  row(r1, r2, r3, r4, r5, r6, r7, r8, r0, p, factors[1] = r1 * negated_inverse);
  r1 = 0;
  row(r2, r3, r4, r5, r6, r7, r8, r0, r1, p, factors[2] = r2 * negated_inverse);
  r2 = 0;
  row(r3, r4, r5, r6, r7, r8, r0, r1, r2, p, factors[3] = r3 * negated_inverse);
  r3 = 0;
  row(r4, r5, r6, r7, r8, r0, r1, r2, r3, p, factors[4] = r4 * negated_inverse);
  r4 = 0;
  row(r5, r6, r7, r8, r0, r1, r2, r3, r4, p, factors[5] = r5 * negated_inverse);
  r5 = 0;
  row(r6, r7, r8, r0, r1, r2, r3, r4, r5, p, factors[6] = r6 * negated_inverse);
  r6 = 0;
  row(r7, r8, r0, r1, r2, r3, r4, r5, r6, p, factors[7] = r7 * negated_inverse);
  return add_high(words, {r8, r0, r1, r2, r3, r4, r5, r6}, 0);
}

}  // namespace

// By CPUID leaf 7: clang 14 has no name for adx.
bool has_mulx() {
  static const bool has = [] {
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    constexpr unsigned kBmi2 = 1U << 8U;
    constexpr unsigned kAdx = 1U << 19U;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & kBmi2) != 0 && (b & kAdx) != 0;
  }();
  return has;
}

void multiply_mulx(const Modulus<16>& modulus, Words<16>& out, const Words<16>& a, const Words<16>& b) {
  const Word* const p = modulus.m.data();
  Word words[32] = {};
  Word factors[kHalf];
  add_product(words, a.data(), b.data(), 0);
  add_product(words + 8, a.data() + kHalf, b.data(), 0);
  words[24] = add_product(words + 8, a.data(), b.data() + kHalf, 0);
  add_product(words + 16, a.data() + kHalf, b.data() + kHalf, 0);

  Word carry = clear_low(words, p, modulus.negated_inverse, factors);
  const Word carry24 = add_product(words + 8, p + kHalf, factors, carry);
  carry = clear_low(words + 8, p, modulus.negated_inverse, factors) + carry24;
  carry = add_product(words + 16, p + kHalf, factors, carry);
  Words<16> high;
  std::copy_n(words + 16, 16, high.begin());
  out = modulus.reduced_once(high, carry);
}

#else

bool has_mulx() { return false; }
void multiply_mulx(const Modulus<16>& modulus, Words<16>& out, const Words<16>& a, const Words<16>& b) {
  out = modulus.product_portable(a, b);
}

#endif

}  // namespace claviger::mikey
