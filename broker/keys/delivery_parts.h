// What the two hot ways of key provision have in common (delivery.h, signed_delivery.h): views and pieces on the stack.
//
// Only they include it. On the request's shard, without suspending.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "broker/context.h"
#include "broker/keys/kms.h"
#include "broker/keys/kms_response.h"
#include "broker/keys/protection.h"
#include "broker/tokens/verifier/claims.h"
#include "core/base/bytes.h"
#include "core/codec/hex.h"
#include "core/http/message.h"

namespace claviger::keys {

// A tenant's name, two numbers, a URI; an origin and the path of a URI. Longer ones go the ordinary way.
inline constexpr std::size_t kDeliveryKeyMax = 768;
inline constexpr std::size_t kDeliveryUrlMax = 2048;
// The present period's keys and in its last part the next one's.
inline constexpr std::size_t kDeliverySetsMax = 2;

// Text put together on the stack.
template <std::size_t N>
class FixedText {
 public:
  FixedText() {}  // not "= default": the characters are written before they are read
  FixedText(const FixedText&) = delete;
  FixedText& operator=(const FixedText&) = delete;
  FixedText& add(std::string_view text) {
    const std::size_t count = std::min(text.size(), N - size_);
    std::copy_n(text.data(), count, characters_.data() + size_);
    size_ += count;
    is_whole_ = is_whole_ && count == text.size();
    return *this;
  }
  template <typename T>
  FixedText& add_hex(T number) {
    std::array<std::byte, sizeof(T)> bytes{};
    store_be(MutableBytes(bytes), number);
    std::array<char, 2 * sizeof(T)> digits;
    codec::hex_encode(bytes, std::as_writable_bytes(std::span(digits)));
    return add({digits.data(), digits.size()});
  }
  bool is_whole() const { return is_whole_; }
  std::string_view text() const { return {characters_.data(), size_}; }

 private:
  std::array<char, N> characters_;
  std::size_t size_ = 0;
  bool is_whole_ = true;
};
using DeliveryKey = FixedText<kDeliveryKeyMax>;

// Whoever asks for keys, as far as both ways look at him alike: a good token of an enabled client at hand, the domain that
// issues now, the URL that he has asked. Views: until the shard's verifier looks at another token, and of `table`.
struct DeliveryCaller {
  const tokens::Claims* claims;
  const tenants::Tenant* tenant;
  const DomainRef* issuer;
};
std::optional<DeliveryCaller> admit_delivery(const DomainTable& table, broker::Context& context,
                                             const http::Request& request, std::string_view rest,
                                             FixedText<kDeliveryUrlMax>& url);

// The operator's origin and the path: never the Host header.
void write_url(FixedText<kDeliveryUrlMax>& url, const settings::Settings& settings, const tenants::Tenant& tenant,
               std::string_view path);

bool is_identity(const tokens::Claims& claims, std::string_view uri);

// Of the path behind the root: nothing but "keyprov" and perhaps one of the caller's identities.
bool read_keyprov_path(std::string_view rest, const tokens::Claims& claims, FixedText<kUriBytesMax>& decoded);

// A policy of his own, or perhaps one: it is not at hand.
bool may_have_policy(const Kms& kms, broker::Context& context, std::string_view tenant, std::string_view uri);

struct FoundSet {
  std::uint64_t period = 0;
  DeliveryKey key;
  std::optional<storage::Value> value;
};
struct FoundSets {
  std::array<FoundSet, kDeliverySetsMax> sets;
  std::size_t count = 0;
  bool lacks_present = false;  // the look-up that failed was the present period's, and it was never issued
};
// What is to be given now, in the order of the answer: the next period's first (provision_procedure.h). False: not all of
// it is issued and at hand.
bool find_sets(broker::Context& context, const LoadedDomain& issuer, std::string_view uri, std::int64_t now,
               FoundSets& found);

// Whether the present period's keys were never issued; false, too, when it is not known at hand.
bool is_not_issued(broker::Context& context, const LoadedDomain& issuer, std::string_view uri, std::int64_t now);

// Nothing when a record does not open.
std::optional<http::Response> write_delivery(broker::Context& context, const Domain& domain, const HeadView& head,
                                             std::string_view user_uri, const FoundSets& found,
                                             const Protection& protection);

}  // namespace claviger::keys
