#include "broker/subscriber/subscriber_draft.h"

#include <algorithm>
#include <limits>

#include "core/codec/hex.h"
#include "core/crypto/aka/milenage.h"
#include "core/crypto/aka/tuak.h"

namespace claviger::subscriber {
namespace {

constexpr Error kKeyWrong{Code::AkaKeyInvalid, "subscriber.key"};

// Of 16 or 32 octets, into the front of `out`.
Result<std::size_t> read_key(const SecretBytes& digits, Secret<32>& out) {
  const auto size = codec::hex_decode(as_text(digits.reveal()), out.reveal_for_writing());
  if (!size || (*size != 16 && *size != 32)) return kKeyWrong;
  return *size;
}

Result<aka::SubscriberKey> key_of(const SubscriberDraft& draft, const Subscriber& shape) {
  aka::SubscriberKey key;
  key.algorithm = shape.algorithm;
  key.response_bytes = shape.response_bytes;
  key.iterations = shape.iterations;
  CLAVIGER_TRY(key_bytes, read_key(draft.key, key.key));
  key.key_bytes = static_cast<std::uint8_t>(key_bytes);
  CLAVIGER_TRY(checked, aka::check(key));
  const bool is_milenage = key.algorithm == aka::Algorithm::Milenage;
  if (draft.operator_code.empty() == draft.operator_variant.empty()) return kKeyWrong;
  Secret<32> code;
  CLAVIGER_TRY(code_bytes, read_key(draft.operator_code.empty() ? draft.operator_variant : draft.operator_code, code));
  if (code_bytes != (is_milenage ? 16U : 32U)) return kKeyWrong;
  if (!draft.operator_code.empty()) {
    key.operator_code = std::move(code);
  } else if (is_milenage) {
    const Secret<16> opc = aka::Milenage::opc(key.key.reveal().first<16>(), code.reveal().first<16>());
    std::ranges::copy(opc.reveal(), key.operator_code.reveal_for_writing().begin());
  } else {
    key.operator_code = aka::Tuak::topc(key.key.reveal().first(key_bytes), code.reveal(), key.iterations);
  }
  return key;
}

Result<std::vector<std::string>> identities_of(const std::vector<std::string>& texts) {
  if (texts.empty() || texts.size() > kPublicIdentitiesMax) {
    return Error{Code::SubscriberInvalid, "subscriber.public_identities"};
  }
  std::vector<std::string> identities;
  for (const std::string& text : texts) {
    CLAVIGER_TRY(identity, canonical_public_identity(text));
    if (text.find_first_of(";?") != std::string::npos || std::ranges::find(identities, identity) != identities.end()) {
      return Error{Code::SubscriberInvalid, "subscriber.public_identities"};
    }
    identities.push_back(std::move(identity));
  }
  return identities;
}

template <typename T>
Result<Unit> take_number(const std::optional<std::int64_t>& from, std::int64_t most, T& to, std::string_view where) {
  if (!from) return Unit{};
  if (*from < 0 || *from > most) return Error{Code::SubscriberInvalid, where};
  to = static_cast<T>(*from);
  return Unit{};
}

}  // namespace

Result<Drafted> apply(const SubscriberDraft& draft, Subscriber before) {
  Drafted drafted;
  Subscriber& wanted = drafted.subscriber;
  wanted = std::move(before);
  if (draft.public_identities) {
    CLAVIGER_TRY(identities, identities_of(*draft.public_identities));
    wanted.public_identities = std::move(identities);
  }
  if (wanted.public_identities.empty()) return Error{Code::SubscriberInvalid, "subscriber.public_identities"};
  if (draft.has_key()) {
    const bool is_tuak = draft.algorithm == "tuak";
    if (!is_tuak && !draft.algorithm.empty() && draft.algorithm != "milenage") {
      return Error{Code::SubscriberInvalid, "subscriber.algorithm"};
    }
    wanted.algorithm = is_tuak ? aka::Algorithm::Tuak : aka::Algorithm::Milenage;
    wanted.response_bytes = 8;
    wanted.iterations = 1;
    CLAVIGER_TRY(response, take_number(draft.response_bytes, 16, wanted.response_bytes, "subscriber.response_bytes"));
    CLAVIGER_TRY(rounds,
                 take_number(draft.iterations, aka::kTuakIterationsMax, wanted.iterations, "subscriber.iterations"));
    CLAVIGER_TRY(key, key_of(draft, wanted));
    drafted.key = std::move(key);
  } else if (!draft.algorithm.empty() || draft.response_bytes || draft.iterations) {
    return Error{Code::AkaKeyInvalid, "subscriber.key"};  // they are the key's
  }
  if (!draft.amf.empty()) {
    const auto size = codec::hex_decode(draft.amf, wanted.amf);
    if (!size || *size != wanted.amf.size()) return Error{Code::SubscriberInvalid, "subscriber.amf"};
  }
  CLAVIGER_TRY(ind, take_number(draft.ind_bits, kIndBitsMax, wanted.ind_bits, "subscriber.ind_bits"));
  if (!draft.sequence.empty()) {
    std::array<std::byte, 6> bytes;
    const auto size = codec::hex_decode(draft.sequence, bytes);
    if (!size || *size != bytes.size()) return Error{Code::SubscriberInvalid, "subscriber.sequence"};
    aka::Sequence sequence = 0;
    for (const std::byte byte : bytes) sequence = sequence << 8U | std::to_integer<aka::Sequence>(byte);
    drafted.sequence = sequence;
  }
  if (draft.is_enabled) wanted.is_enabled = *draft.is_enabled;
  if (draft.serves_unregistered) wanted.serves_unregistered = *draft.serves_unregistered;
  if (draft.visited_networks) {
    const bool is_right = draft.visited_networks->size() <= kVisitedNetworksMax &&
                          std::ranges::all_of(*draft.visited_networks, [](const std::string& network) {
                            return !network.empty() && network.size() <= kIdentityBytesMax;
                          });
    if (!is_right) return Error{Code::SubscriberInvalid, "subscriber.visited_networks"};
    wanted.visited_networks = *draft.visited_networks;
  }
  if (draft.capabilities) {
    wanted.capabilities.clear();
    for (const std::int64_t capability : *draft.capabilities) {
      if (capability < 0 || capability > std::numeric_limits<std::uint32_t>::max() ||
          wanted.capabilities.size() == kCapabilitiesMax) {
        return Error{Code::SubscriberInvalid, "subscriber.capabilities"};
      }
      wanted.capabilities.push_back(static_cast<std::uint32_t>(capability));
    }
  }
  return drafted;
}

}  // namespace claviger::subscriber
