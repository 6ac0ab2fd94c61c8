#include "broker/migration/cx_parts.h"

#include "core/diameter/names.h"

namespace claviger::migration {

namespace avp = diameter::avp;
using diameter::AvpView;
using diameter::Message;
using diameter::MessageBuilder;

namespace {

constexpr std::string_view kScheme = "Digest-AKAv1-MD5";
constexpr std::size_t kResynchronisationBytes = 30;  // RAND 16, AUTS 14
constexpr std::size_t kAuthenticateBytes = 32;
constexpr std::size_t kKeyBytes = 16;
constexpr std::size_t kExpectedMin = 4;
constexpr std::size_t kExpectedMax = 16;

Bytes child(const AvpView& group, const diameter::AvpId& id) {
  const auto found = find_in_group(group, id);
  return found ? found->data() : Bytes();
}

}  // namespace

AuthItem read_auth_item(const Message& request) {
  AuthItem item;
  const auto group = request.find(cx::avp::kSipAuthDataItem);
  if (!group) return item;
  if (const auto scheme = find_in_group(*group, cx::avp::kSipAuthenticationScheme)) {
    item.is_aka = diameter::is_same_name(scheme->text(), kScheme) || diameter::is_same_name(scheme->text(), "unknown");
  }
  if (const auto authorization = find_in_group(*group, cx::avp::kSipAuthorization)) {
    item.authorization = authorization->data();
    item.is_well_formed = item.authorization.size() == kResynchronisationBytes;
  }
  return item;
}

AuthItemBytes::AuthItemBytes(const AuthItem& item) {
  put(cx::avp::kSipAuthenticationScheme, as_bytes(kScheme));
  if (item.authorization.size() == kResynchronisationBytes) put(cx::avp::kSipAuthorization, item.authorization);
}

void AuthItemBytes::put(const diameter::AvpId& id, Bytes data) {
  const std::size_t length = diameter::kAvpVendorHeaderBytes + data.size();
  CLAVIGER_ASSERT(size_ + diameter::padded(length) <= bytes_.size());
  std::byte* const at = bytes_.data() + size_;
  diameter::store_u32(at, id.code);
  const std::uint32_t flags = std::uint32_t{diameter::kAvpVendor} | diameter::kAvpMandatory;
  diameter::store_u32(at + 4, flags << 24U | static_cast<std::uint32_t>(length));
  diameter::store_u32(at + 8, id.vendor);
  std::ranges::copy(data, at + diameter::kAvpVendorHeaderBytes);
  size_ += diameter::padded(length);
}

std::optional<VectorParts> read_vector(const Message& answer) {
  std::optional<VectorParts> best;
  std::uint32_t best_number = 0;
  for (std::size_t n = 0;; ++n) {
    const auto group = answer.find_nth(cx::avp::kSipAuthDataItem, n);
    if (!group) return best;
    const auto number = find_in_group(*group, cx::avp::kSipItemNumber);
    const std::uint32_t at = number ? number->u32().value_or(0) : 0;
    if (best && at >= best_number) continue;
    const VectorParts parts{child(*group, cx::avp::kSipAuthenticate), child(*group, cx::avp::kSipAuthorization),
                            child(*group, cx::avp::kConfidentialityKey), child(*group, cx::avp::kIntegrityKey)};
    const bool is_good = parts.authenticate.size() == kAuthenticateBytes && parts.expected.size() >= kExpectedMin &&
                         parts.expected.size() <= kExpectedMax && parts.ck.size() == kKeyBytes &&
                         parts.ik.size() == kKeyBytes;
    if (!is_good) continue;
    best = parts;
    best_number = at;
  }
}

void write_vector(MessageBuilder& answer, const VectorParts& vector) {
  answer.begin_group(cx::avp::kSipAuthDataItem).u32(cx::avp::kSipItemNumber, 1);
  answer.text(cx::avp::kSipAuthenticationScheme, kScheme).octets(cx::avp::kSipAuthenticate, vector.authenticate);
  answer.octets(cx::avp::kSipAuthorization, vector.expected).octets(cx::avp::kConfidentialityKey, vector.ck);
  answer.octets(cx::avp::kIntegrityKey, vector.ik).end_group();
}

void write_head(MessageBuilder& answer, const Message&) {
  constexpr std::uint32_t kNoStateMaintained = 1;
  answer.vendor_specific_application(cx::kVendor, cx::kApplication).u32(avp::kAuthSessionState, kNoStateMaintained);
}

void write_identities(MessageBuilder& answer, const Message& request) {
  if (const auto name = request.find(avp::kUserName)) answer.text(avp::kUserName, name->text());
  if (const auto impu = request.find(cx::avp::kPublicIdentity)) answer.text(cx::avp::kPublicIdentity, impu->text());
}

}  // namespace claviger::migration
