#include "broker/keys/delivery.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "broker/identity/client_authentication.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/proxies.h"
#include "broker/keys/kms_caller.h"
#include "broker/keys/kms_endpoint.h"
#include "broker/keys/kms_response.h"
#include "broker/keys/plain_request.h"
#include "broker/keys/request_checks.h"
#include "broker/keys/request_url.h"
#include "broker/tables.h"
#include "core/codec/hex.h"
#include "core/codec/percent.h"

namespace claviger::keys {
namespace {

namespace tables = broker::tables;
using broker::Context;

// A tenant's name, two numbers, a URI; an origin and the path of a URI. Longer ones go the ordinary way.
constexpr std::size_t kKeyMax = 768;
constexpr std::size_t kUrlMax = 2048;
constexpr std::string_view kKeyprov = "keyprov";
// The present period's keys and in its last part the next one's.
constexpr std::size_t kSetsMax = 2;

// Text put together on the stack.
template <std::size_t N>
class FixedText {
 public:
  FixedText() {}  // not "= default": the characters are written before they are read
  FixedText(const FixedText&) = delete;
  FixedText& operator=(const FixedText&) = delete;
  FixedText& add(std::string_view text) {
    const std::size_t count = std::min(text.size(), N - size_);
    std::memcpy(characters_.data() + size_, text.data(), count);
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
using KeyText = FixedText<kKeyMax>;

constexpr std::string_view kNul("\0", 1);

// As user_key_key() of user_keys.h.
void write_key(KeyText& key, std::string_view tenant, std::uint32_t generation, std::uint64_t period,
               std::string_view uri) {
  key.add(tenant).add(kNul).add_hex(generation).add(kNul).add_hex(period).add(kNul).add(uri);
}

bool is_identity(const tokens::Claims& claims, std::string_view uri) {
  return !uri.empty() && std::ranges::find(claims.mc_ids, uri) != claims.mc_ids.end();
}
std::string_view first_identity(const tokens::Claims& claims) {
  const auto* found = std::ranges::find_if(claims.mc_ids, [](std::string_view id) { return !id.empty(); });
  return found == claims.mc_ids.end() ? std::string_view() : *found;
}

// What is asked: whose keys, and what the answer says of the request.
struct Wanted {
  std::string_view user_uri;  // of the keys
  HeadView head;
};

// Of the path: nothing but "keyprov" and one of the caller's identities.
bool read_path(std::string_view rest, const tokens::Claims& claims, FixedText<kUriBytesMax>& decoded) {
  if (!rest.starts_with(kKeyprov)) return false;
  rest.remove_prefix(kKeyprov.size());
  if (rest.empty()) return true;
  if (!rest.starts_with('/') || rest.size() > kUriBytesMax) return false;
  std::array<std::byte, kUriBytesMax> bytes;
  const auto size = codec::percent_decode(rest.substr(1), codec::Plus::Literal, bytes);
  if (!size) return false;
  decoded.add(as_text(Bytes(bytes).first(*size)));
  return decoded.text().find('%') == std::string_view::npos && is_identity(claims, decoded.text());
}

// A body, if there is one, that the ordinary way would find nothing wrong with.
bool read_body(const http::Request& request, const Domain& domain, const tokens::Claims& claims, Wanted& wanted) {
  if (request.body.empty()) return true;
  const auto body = read_plain_request(request.body.text());
  if (!body || !body->trk_id.empty() || !body->signature_id.empty() || !is_identity(claims, body->user_uri) ||
      body->kms_uri != domain.kms_uri || body->client_req_url != wanted.head.client_req_url ||
      !is_near(body->time, wanted.head.time)) {
    return false;
  }
  wanted.head.user_uri = body->user_uri;
  return true;
}

struct Found {
  std::uint64_t period = 0;
  KeyText key;
  std::optional<storage::Value> value;
};
struct FoundSets {
  std::array<Found, kSetsMax> sets;
  std::size_t count = 0;
};

bool has_policy(Context& context, std::string_view tenant, std::string_view uri) {
  KeyText key;
  key.add(tenant).add(kNul).add(uri);
  if (!key.is_whole()) return true;
  const auto policy = context.store.get_cached(tables::kKmsUsers, key.text());
  return !policy || !policy->failed_with(Code::NotFound);
}

// In the order of the answer: the next period's first (provision_procedure.h).
bool find_sets(Context& context, const LoadedDomain& issuer, std::string_view uri, std::int64_t now, FoundSets& found) {
  const Domain& domain = issuer.domain;
  const auto present = domain.periods.number_at(now);
  if (!present) return false;
  const std::int64_t early = domain.periods.seconds * std::int64_t{domain.policy.early_percent} / 100;
  const bool is_early =
      now >= domain.periods.ends_at(*present) - early && domain.periods.ends_at(*present + 1) <= kTimeMax;
  for (std::uint64_t period = is_early ? *present + 1 : *present;; --period) {
    Found& one = found.sets[found.count++];
    one.period = period;
    write_key(one.key, issuer.tenant, domain.generation, period, uri);
    if (!one.key.is_whole()) return false;
    auto value = context.store.get_cached(tables::kKmsUserKeys, one.key.text());
    if (!value || !*value) return false;
    one.value = **std::move(value);
    if (period == *present) return true;
  }
}

std::optional<http::Response> write_answer(Context& context, const Domain& domain, const Wanted& wanted,
                                           const FoundSets& found) {
  static const Protection kNone;
  std::array<KeySetView, kSetsMax> views{};
  std::size_t room = ResponseFrame::room(wanted.head, kNone) + kMessageRoom;
  for (std::size_t i = 0; i < found.count; ++i) {
    const Found& one = found.sets[i];
    views[i] = {&domain, one.period, wanted.user_uri, one.key.text(), &*one.value};
    room += key_set_room(views[i], kNone);
  }
  SlabWriter sink(context.shard.slabs(), room);
  XmlWriter xml(sink);
  ResponseFrame frame(xml, wanted.head, kNone);
  xml.raw("<KmsMessage><KmsKeyProv Version=\"1.0.0\">");
  for (std::size_t i = 0; i < found.count; ++i) {
    if (!write_key_set(xml, context.sealer, views[i], kNone)) return std::nullopt;
  }
  xml.raw("</KmsKeyProv></KmsMessage>");
  frame.end();
  http::Response response(200, kXmlType, sink.finish());
  response.is_secret = true;
  return response;
}

// The operator's origin and the path: never the Host header.
void write_url(FixedText<kUrlMax>& url, const settings::Settings& settings, const tenants::Tenant& tenant,
               std::string_view path) {
  url.add(settings.public_origin.empty() ? origin_of(tenant.issuer) : std::string_view(settings.public_origin));
  url.add(path);
}

}  // namespace

std::optional<http::Response> deliver_at_hand(Kms& kms, Context& context, const http::Request& request) {
  const std::string& rest = request.path_values->front();
  const settings::Settings& settings = *context.snapshot->settings;
  if (!rest.starts_with(kKeyprov) || !check_headers(request) || request.peer == nullptr ||
      identity::is_trusted_proxy(settings, request.peer->address)) {
    return std::nullopt;
  }
  const auto table = kms.table();
  const auto admitted = admit_view(*table, context, request);
  if (!admitted) return std::nullopt;
  const tokens::Claims& claims = *admitted->claims;
  const tenants::Tenant& tenant = *admitted->tenant;
  const identity::ClientRef client = context.identity->clients().find_cached(tenant.name, claims.client_id);
  const LoadedDomain& issuer = *admitted->domains->generations.back();
  const Domain& domain = issuer.domain;
  if (!client || !client->is_enabled || domain.state != DomainState::Active || domain.policy.needs_signature ||
      domain.policy.needs_transport_key) {
    return std::nullopt;
  }
  FixedText<kUrlMax> url;
  write_url(url, settings, tenant, request.path);
  Wanted wanted{{}, {first_identity(claims), domain.kms_uri, numeric_date(context.shard.wall()), url.text()}};
  FixedText<kUriBytesMax> path_uri;
  if (!url.is_whole() || wanted.head.user_uri.empty() || !read_path(rest, claims, path_uri) ||
      !read_body(request, domain, claims, wanted)) {
    return std::nullopt;
  }
  wanted.user_uri = path_uri.text().empty() ? wanted.head.user_uri : path_uri.text();
  FoundSets found;
  if (has_policy(context, tenant.name, wanted.user_uri) ||
      !find_sets(context, issuer, wanted.user_uri, wanted.head.time, found)) {
    return std::nullopt;
  }
  return write_answer(context, domain, wanted, found);
}

}  // namespace claviger::keys
