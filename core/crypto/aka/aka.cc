#include "core/crypto/aka/aka.h"

#include <algorithm>

#include "core/crypto/aka/milenage.h"
#include "core/crypto/aka/tuak.h"

namespace claviger::aka {
namespace {

// AMF of a resynchronisation: its MAC-S is over zeros (TS 33.102 clause 6.3.3).
constexpr Amf kResynchronisationAmf{};

struct Functions {
  std::array<std::byte, kMacBytes> mac{};    // f1 or f1*
  std::array<std::byte, 6> anonymity_key{};  // f5 or f5*
  ~Functions() {
    wipe(mac);
    wipe(anonymity_key);
  }
};

Milenage milenage_of(const SubscriberKey& key) {
  return Milenage(key.key.reveal().first<16>(), key.operator_code.reveal().first<16>());
}
Tuak tuak_of(const SubscriberKey& key) {
  TuakShape shape;
  shape.key_bytes = key.key_bytes;
  shape.response_bytes = key.response_bytes;
  shape.iterations = key.iterations;
  return Tuak(key.key.reveal().first(key.key_bytes), key.operator_code.reveal(), shape);
}

template <std::size_t N, typename From>
void copy_first(const From& from, std::span<std::byte, N> to) {
  std::ranges::copy(Bytes(from).first(N), to.begin());
}

void store_sequence(Sequence sequence, MutableBytes out) {
  for (std::size_t i = 0; i < 6; ++i) out[i] = static_cast<std::byte>((sequence >> (40 - 8 * i)) & 0xFFU);
}
Sequence load_sequence(Bytes bytes) {
  Sequence sequence = 0;
  for (std::size_t i = 0; i < 6; ++i) sequence = (sequence << 8U) | std::to_integer<Sequence>(bytes[i]);
  return sequence;
}
void hide(MutableBytes bytes, const std::array<std::byte, 6>& key) {
  for (std::size_t i = 0; i < 6; ++i) bytes[i] ^= key[i];
}

// Of what both sides of a challenge compute.
struct Outputs {
  Secret<kResponseMax> response;
  Secret<16> cipher_key;
  Secret<16> integrity_key;
  std::array<std::byte, 6> anonymity_key{};
  ~Outputs() { wipe(anonymity_key); }
};

void take(const Milenage::Outputs& from, Outputs& to) {
  std::ranges::copy(Bytes(from.response_and_key).subspan(8, 8), to.response.reveal_for_writing().begin());
  copy_first(from.cipher_key, to.cipher_key.reveal_for_writing());
  copy_first(from.integrity_key, to.integrity_key.reveal_for_writing());
  std::ranges::copy(Bytes(from.response_and_key).first(6), to.anonymity_key.begin());
}
void take(const Tuak::Outputs& from, Outputs& to) {
  copy_first(from.response, to.response.reveal_for_writing());
  copy_first(from.cipher_key, to.cipher_key.reveal_for_writing());
  copy_first(from.integrity_key, to.integrity_key.reveal_for_writing());
  to.anonymity_key = from.anonymity_key;
}

Functions resynchronisation(const SubscriberKey& key, const Rand& rand) {
  Functions functions;
  if (key.algorithm == Algorithm::Milenage) {
    Block block = milenage_of(key).f5_star(rand);
    std::ranges::copy(Bytes(block).first(6), functions.anonymity_key.begin());
    wipe(block);
  } else {
    functions.anonymity_key = tuak_of(key).f5_star(rand);
  }
  return functions;
}

std::array<std::byte, kMacBytes> mac_s(const SubscriberKey& key, const Rand& rand, Sequence sequence) {
  std::array<std::byte, kMacBytes> mac;
  if (key.algorithm == Algorithm::Milenage) {
    Block block = milenage_of(key).f1(rand, sequence, kResynchronisationAmf);
    std::ranges::copy(Bytes(block).subspan(8, 8), mac.begin());
    wipe(block);
  } else {
    Tuak::Output out = tuak_of(key).f1_star(rand, sequence, kResynchronisationAmf);
    std::ranges::copy(Bytes(out).first(kMacBytes), mac.begin());
    wipe(out);
  }
  return mac;
}

}  // namespace

Result<Unit> check(const SubscriberKey& key) {
  const bool is_milenage = key.algorithm == Algorithm::Milenage && key.key_bytes == 16 && key.response_bytes == 8;
  const bool is_tuak = key.algorithm == Algorithm::Tuak && (key.key_bytes == 16 || key.key_bytes == 32) &&
                       (key.response_bytes == 4 || key.response_bytes == 8 || key.response_bytes == 16) &&
                       key.iterations >= 1 && key.iterations <= kTuakIterationsMax;
  if (!is_milenage && !is_tuak) return Error{Code::AkaKeyInvalid, "aka.key"};
  return Unit{};
}

Vector make_vector(const SubscriberKey& key, const Rand& rand, Sequence sequence, Amf amf) {
  CLAVIGER_ASSERT(sequence <= kSequenceMax);
  Vector vector;
  Outputs outputs;
  vector.rand = rand;
  const MutableBytes mac = MutableBytes(vector.autn).subspan(8);
  if (key.algorithm == Algorithm::Milenage) {
    const Milenage milenage = milenage_of(key);
    const Milenage::All all = milenage.all(rand, sequence, amf);
    take(all.outputs, outputs);
    std::ranges::copy(Bytes(all.mac).first(kMacBytes), mac.begin());
  } else {
    const Tuak tuak = tuak_of(key);
    take(tuak.f2345(rand), outputs);
    const Tuak::Output out = tuak.f1(rand, sequence, amf);
    std::ranges::copy(Bytes(out).first(kMacBytes), mac.begin());
  }
  store_sequence(sequence, vector.autn);
  hide(vector.autn, outputs.anonymity_key);
  vector.autn[6] = amf[0];
  vector.autn[7] = amf[1];
  vector.response_bytes = key.response_bytes;
  vector.response = std::move(outputs.response);
  vector.cipher_key = std::move(outputs.cipher_key);
  vector.integrity_key = std::move(outputs.integrity_key);
  return vector;
}

Result<Sequence> open_auts(const SubscriberKey& key, const Rand& rand, std::span<const std::byte, kAutsBytes> auts) {
  const Functions functions = resynchronisation(key, rand);
  std::array<std::byte, 6> hidden;
  std::ranges::copy(auts.first<6>(), hidden.begin());
  hide(hidden, functions.anonymity_key);
  const Sequence sequence = load_sequence(hidden);
  std::array<std::byte, kMacBytes> mac = mac_s(key, rand, sequence);
  const bool is_right = equals_constant_time(mac, auts.last<kMacBytes>());
  wipe(mac);
  if (!is_right) return Error{Code::AutsInvalid, "aka.auts"};
  return sequence;
}

Result<Answer> answer(const SubscriberKey& key, const Rand& rand, std::span<const std::byte, kAutnBytes> autn) {
  Outputs outputs;
  Answer answer;
  std::array<std::byte, 6> hidden;
  std::ranges::copy(autn.first<6>(), hidden.begin());
  answer.amf = {autn[6], autn[7]};
  bool is_right = false;
  if (key.algorithm == Algorithm::Milenage) {
    const Milenage milenage = milenage_of(key);
    take(milenage.f2345(rand), outputs);
    hide(hidden, outputs.anonymity_key);
    answer.sequence = load_sequence(hidden);
    const Block mac = milenage.f1(rand, answer.sequence, answer.amf);
    is_right = equals_constant_time(Bytes(mac).first(kMacBytes), autn.last<kMacBytes>());
  } else {
    const Tuak tuak = tuak_of(key);
    take(tuak.f2345(rand), outputs);
    hide(hidden, outputs.anonymity_key);
    answer.sequence = load_sequence(hidden);
    const Tuak::Output mac = tuak.f1(rand, answer.sequence, answer.amf);
    is_right = equals_constant_time(Bytes(mac).first(kMacBytes), autn.last<kMacBytes>());
  }
  if (!is_right) return Error{Code::AkaRefused, "aka.mac"};
  answer.response_bytes = key.response_bytes;
  answer.response = std::move(outputs.response);
  answer.cipher_key = std::move(outputs.cipher_key);
  answer.integrity_key = std::move(outputs.integrity_key);
  return answer;
}

std::array<std::byte, kAutsBytes> make_auts(const SubscriberKey& key, const Rand& rand, Sequence sequence) {
  CLAVIGER_ASSERT(sequence <= kSequenceMax);
  const Functions functions = resynchronisation(key, rand);
  std::array<std::byte, kAutsBytes> auts;
  store_sequence(sequence, auts);
  hide(auts, functions.anonymity_key);
  const std::array<std::byte, kMacBytes> mac = mac_s(key, rand, sequence);
  std::ranges::copy(mac, auts.begin() + 6);
  return auts;
}

}  // namespace claviger::aka
