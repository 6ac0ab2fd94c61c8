#include "broker/identity/authenticators/recovery_codes.h"

#include <algorithm>
#include <array>

#include "broker/identity/authenticators/kinds.h"
#include "broker/identity/authenticators/sign_in_plan.h"
#include "broker/identity/identity_shard.h"
#include "core/crypto/random.h"

namespace claviger::identity {
namespace {

using broker::Context;
using runtime::Task;

// 32 characters that no hand-writing confuses: no 0, o, 1, l.
constexpr std::string_view kCharacters = "23456789abcdefghijkmnpqrstuvwxyz";
static_assert(kCharacters.size() == 32);
constexpr std::size_t kDigestBytes = 32;
constexpr std::string_view kSheetId = "sheet";

char lowered(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
}

// Bound to the user: the same text on two sheets has two digests.
crypto::Sha256Digest digest_of(const crypto::HmacSha256& mac, std::string_view tenant, std::string_view sub,
                               std::string_view code) {
  std::string context = "recovery-code";
  for (const std::string_view part : {tenant, sub}) context.append(1, '\0').append(part);
  context += '\0';
  return mac.compute(as_bytes(context), as_bytes(code));
}

class Recovery final : public Authenticator {
 public:
  std::string_view kind() const override { return "recovery"; }
  // A one-time password off a list; it stands in for what the user has lost.
  std::string_view acr() const override { return kAcrPasswordOtp; }
  std::string_view amr() const override { return "otp"; }
  bool is_spare() const override { return true; }
  // One sheet a user: a new one takes its place.
  Result<Unit> make(Context& context, const Enrollee& user, const AuthenticatorDraft& draft,
                    EnrolledAuthenticator& made) const override {
    if (!draft.seed.empty()) return Error{Code::AuthenticatorRefused, "authenticator.seed"};
    made.record.id = kSheetId;
    CLAVIGER_TRY(sheet, make_recovery_sheet(context.identity->client_mac(), user.tenant, user.sub));
    made.record.digests = std::move(sheet.digests);
    made.codes = std::move(sheet.codes);
    return Unit{};
  }
  bool could_be(std::string_view typed, const AuthenticatorRecord&) const override {
    return typed.size() == kRecoveryCodeCharacters && std::ranges::all_of(typed, [](char character) {
             return kCharacters.find(lowered(character)) != std::string_view::npos;
           });
  }
  Task<Result<Judgement>> judge(Context* context, Proof proof) const override {
    Judgement judgement;
    judgement.is_right = use_recovery_code(context->identity->client_mac(), proof.tenant, proof.sub,
                                           as_text(proof.typed.reveal()), proof.record.digests);
    judgement.record = std::move(proof.record);
    co_return judgement;
  }
};

}  // namespace

Result<RecoverySheet> make_recovery_sheet(const crypto::HmacSha256& mac, std::string_view tenant,
                                          std::string_view sub) {
  RecoverySheet sheet;
  for (std::size_t i = 0; i < kRecoveryCodes; ++i) {
    CLAVIGER_TRY(random, crypto::random_bytes<kRecoveryCodeCharacters>());
    std::array<char, kRecoveryCodeCharacters> code;
    for (std::size_t j = 0; j < code.size(); ++j) {
      code[j] = kCharacters[std::to_integer<std::size_t>(random.reveal()[j]) % kCharacters.size()];
    }
    const std::string_view text(code.data(), code.size());
    const auto digest = digest_of(mac, tenant, sub, text);
    sheet.digests.append(as_text(digest));
    SecretBytes shown(code.size() + 1);
    const MutableBytes out = shown.reveal_for_writing();
    const std::size_t half = code.size() / 2;
    std::ranges::copy(as_bytes(text.substr(0, half)), out.begin());
    out[half] = std::byte{'-'};
    std::ranges::copy(as_bytes(text.substr(half)), out.begin() + static_cast<std::ptrdiff_t>(half) + 1);
    sheet.codes.push_back(std::move(shown));
    wipe(std::as_writable_bytes(std::span(code)));
  }
  return sheet;
}

bool use_recovery_code(const crypto::HmacSha256& mac, std::string_view tenant, std::string_view sub,
                       std::string_view typed, std::string& digests) {
  if (typed.size() != kRecoveryCodeCharacters) return false;
  std::array<char, kRecoveryCodeCharacters> code;
  std::ranges::transform(typed, code.begin(), lowered);
  const auto digest = digest_of(mac, tenant, sub, std::string_view(code.data(), code.size()));
  wipe(std::as_writable_bytes(std::span(code)));
  std::size_t found = digests.size();
  for (std::size_t at = 0; at + kDigestBytes <= digests.size(); at += kDigestBytes) {
    if (equals_constant_time(digest, as_bytes(digests).subspan(at, kDigestBytes))) found = at;
  }
  if (found == digests.size()) return false;
  digests.erase(found, kDigestBytes);
  return true;
}

const Authenticator* recovery_authenticator() {
  static const Recovery kRecovery;
  return &kRecovery;
}

}  // namespace claviger::identity
