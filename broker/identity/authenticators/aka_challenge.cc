#include "broker/identity/authenticators/aka_challenge.h"

#include <algorithm>

#include "broker/identity/authenticators/aka_sign_in.h"
#include "broker/identity/sealed_text.h"
#include "core/crypto/aka/digest_aka.h"

namespace claviger::identity {
namespace {

constexpr std::string_view kPurpose = "aka";
constexpr Error kInvalid{Code::InteractionInvalid, "sign_in.aka"};

// Takes octets off the front.
class Reader {
 public:
  explicit Reader(Bytes bytes) : left_(bytes) {}
  Result<Bytes> take(std::size_t size) {
    if (size > left_.size()) return kInvalid;
    const Bytes taken = left_.first(size);
    left_ = left_.subspan(size);
    return taken;
  }
  Result<Bytes> take_counted() {
    CLAVIGER_TRY(length, take(1));
    return take(std::to_integer<std::size_t>(length[0]));
  }
  Bytes rest() const { return left_; }

 private:
  Bytes left_;
};

}  // namespace

Result<std::string> seal_challenge(const Secret<32>& key, std::string_view tenant, const AkaChallenge& challenge) {
  const SubscriberVector& vector = challenge.vector;
  CLAVIGER_ASSERT(vector.expected_response.size() <= aka::kResponseMax);
  CLAVIGER_ASSERT(challenge.private_identity.size() <= kPrivateIdentityMax);
  SecretBytes plaintext(vector.rand.size() + vector.autn.size() + 1 + vector.expected_response.size() + 1 +
                        challenge.private_identity.size() + challenge.interaction.size());
  std::size_t at = 0;
  const auto put = [&](Bytes bytes) {
    std::ranges::copy(bytes, plaintext.reveal_for_writing().subspan(at).begin());
    at += bytes.size();
  };
  const auto put_counted = [&](Bytes bytes) {
    const std::byte length = static_cast<std::byte>(bytes.size());
    put(Bytes(&length, 1));
    put(bytes);
  };
  put(vector.rand);
  put(vector.autn);
  put_counted(vector.expected_response.reveal());
  put_counted(as_bytes(challenge.private_identity));
  put(as_bytes(challenge.interaction));
  auto sealed = seal_text(key, kPurpose, tenant, as_text(plaintext.reveal()));
  // It comes back in a header, with the rest of the credentials beside it.
  if (sealed && sealed->size() > aka::kDigestHeaderMax - 2048) return Error{Code::TooLarge, "sign_in.aka"};
  return sealed;
}

Result<AkaChallenge> open_challenge(const Secret<32>& key, std::string_view tenant, std::string_view text) {
  CLAVIGER_TRY(plaintext, open_text(key, kPurpose, tenant, text));
  Reader reader(plaintext.reveal());
  AkaChallenge challenge;
  CLAVIGER_TRY(rand, reader.take(challenge.vector.rand.size()));
  CLAVIGER_TRY(autn, reader.take(challenge.vector.autn.size()));
  CLAVIGER_TRY(response, reader.take_counted());
  CLAVIGER_TRY(impi, reader.take_counted());
  std::ranges::copy(rand, challenge.vector.rand.begin());
  std::ranges::copy(autn, challenge.vector.autn.begin());
  challenge.vector.expected_response = SecretBytes(response);
  challenge.private_identity = as_text(impi);
  challenge.interaction = as_text(reader.rest());
  return challenge;
}

}  // namespace claviger::identity
