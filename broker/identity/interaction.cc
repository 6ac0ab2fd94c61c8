#include "broker/identity/interaction.h"

#include <algorithm>
#include <limits>

#include "broker/identity/sealed_text.h"
#include "core/base/assert.h"
#include "core/codec/urn.h"

namespace claviger::identity {
namespace {

constexpr std::string_view kPurpose = "interaction";
constexpr std::size_t kScopesCountMax = 64;
// Of most interactions' plaintext: longer ones grow.
constexpr std::size_t kUsualBytes = 512;
constexpr Error kInvalid{Code::InteractionInvalid, "interaction"};

class Writer {
 public:
  void bytes(Bytes bytes) { out_.append(as_text(bytes)); }
  void string(std::string_view text) {
    CLAVIGER_ASSERT(text.size() <= std::numeric_limits<std::uint16_t>::max());  // parsed with lower bounds
    std::array<std::byte, 2> length;
    store_be(length, static_cast<std::uint16_t>(text.size()));
    bytes(length);
    out_.append(text);
  }
  void reserve(std::size_t bytes) { out_.reserve(bytes); }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

class Reader {
 public:
  explicit Reader(Bytes left) : left_(left) {}
  template <std::size_t N>
  bool bytes(std::array<std::byte, N>& out) {
    if (left_.size() < N) return false;
    std::ranges::copy(left_.first(N), out.begin());
    left_ = left_.subspan(N);
    return true;
  }
  bool string(std::string& out) {
    std::array<std::byte, 2> length_bytes;
    if (!bytes(length_bytes)) return false;
    const std::size_t length = load_be<std::uint16_t>(length_bytes);
    if (left_.size() < length) return false;
    out = as_text(left_.first(length));
    left_ = left_.subspan(length);
    return true;
  }
  bool is_at_end() const { return left_.empty(); }

 private:
  Bytes left_;
};

// One octet for the proof, then the id; nothing at all without a UE.
std::string ue_text(const UeName& ue) {
  if (ue.ue_id.empty()) return {};
  return std::string(1, static_cast<char>(ue.proof)) + ue.ue_id;
}
bool read_ue_text(std::string_view text, UeName& ue) {
  if (text.empty()) return true;
  if (text[0] < 0 || text[0] > static_cast<char>(UeProof::Key)) return false;
  ue.proof = static_cast<UeProof>(text[0]);
  ue.ue_id = codec::canonical_urn(text.substr(1));
  return true;
}

// With the mode. Without it nothing of claims is in the text: as it was before they could be asked for, and as the cookies
// of browsers' sessions are, which outlive an update.
constexpr std::byte kWithClaims{0x80};

bool asks_for_claims(const Interaction& interaction) {
  return !interaction.claims.empty() || interaction.claims_allowed != 0;
}

std::string encode(const Interaction& interaction) {
  Writer writer;
  writer.reserve(kUsualBytes);
  std::array<std::byte, 8> expiry;
  store_be(expiry, static_cast<std::uint64_t>(interaction.expires_at));
  writer.bytes(expiry);
  writer.bytes(interaction.id);
  writer.bytes(interaction.cookie_digest);
  writer.bytes(interaction.challenge);
  CLAVIGER_ASSERT(interaction.claims_allowed <= std::numeric_limits<std::uint8_t>::max());
  const bool has_claims = asks_for_claims(interaction);
  const std::array<std::byte, 2> choices{
      static_cast<std::byte>(interaction.response_mode) | (has_claims ? kWithClaims : std::byte{0}),
      static_cast<std::byte>(interaction.consent)};
  writer.bytes(choices);
  if (has_claims) writer.bytes(std::array{static_cast<std::byte>(interaction.claims_allowed)});
  for (const std::string* text : {&interaction.client_id, &interaction.redirect_uri, &interaction.state,
                                  &interaction.nonce, &interaction.acr, &interaction.dpop_key, &interaction.language}) {
    writer.string(*text);
  }
  writer.string(ue_text(interaction.ue));
  writer.string(interaction.progress);
  writer.string(interaction.subject);
  if (has_claims) writer.string(interaction.claims);
  for (const std::string& scope : interaction.scopes) writer.string(scope);
  return writer.take();
}

Result<Interaction> decode(Bytes plaintext) {
  Interaction interaction;
  Reader reader(plaintext);
  std::array<std::byte, 8> expiry;
  std::array<std::byte, 2> choices;
  std::array<std::byte, 1> claims_allowed{};
  const bool has_head = reader.bytes(expiry) && reader.bytes(interaction.id) &&
                        reader.bytes(interaction.cookie_digest) && reader.bytes(interaction.challenge) &&
                        reader.bytes(choices);
  if (!has_head) return kInvalid;
  const bool has_claims = (choices[0] & kWithClaims) != std::byte{0};
  choices[0] &= ~kWithClaims;
  if (has_claims && !reader.bytes(claims_allowed)) return kInvalid;
  if (choices[0] > static_cast<std::byte>(ResponseMode::FormPost)) return kInvalid;
  if (choices[1] > static_cast<std::byte>(ConsentPolicy::Always)) return kInvalid;
  interaction.consent = static_cast<ConsentPolicy>(choices[1]);
  interaction.claims_allowed = static_cast<ClaimSet>(claims_allowed[0]);
  interaction.expires_at = static_cast<std::int64_t>(load_be<std::uint64_t>(expiry));
  interaction.response_mode = static_cast<ResponseMode>(choices[0]);
  for (std::string* text : {&interaction.client_id, &interaction.redirect_uri, &interaction.state, &interaction.nonce,
                            &interaction.acr, &interaction.dpop_key, &interaction.language}) {
    if (!reader.string(*text)) return kInvalid;
  }
  std::string ue;
  if (!reader.string(ue) || !read_ue_text(ue, interaction.ue)) return kInvalid;
  if (!reader.string(interaction.progress)) return kInvalid;
  if (!reader.string(interaction.subject)) return kInvalid;
  if (has_claims && !reader.string(interaction.claims)) return kInvalid;
  while (!reader.is_at_end()) {
    std::string scope;
    if (interaction.scopes.size() == kScopesCountMax || !reader.string(scope)) return kInvalid;
    interaction.scopes.push_back(std::move(scope));
  }
  return interaction;
}

}  // namespace

Result<std::string> seal_interaction(const Secret<32>& key, std::string_view tenant, const Interaction& interaction) {
  return seal_text(key, kPurpose, tenant, encode(interaction));
}

Result<Interaction> open_interaction(const Secret<32>& key, std::string_view tenant, std::string_view text,
                                     std::int64_t now) {
  CLAVIGER_TRY(plaintext, open_text(key, kPurpose, tenant, text));
  CLAVIGER_TRY(interaction, decode(plaintext.reveal()));
  if (interaction.expires_at <= now) return Error{Code::InteractionExpired, "interaction"};
  return interaction;
}

}  // namespace claviger::identity
