#include "broker/keys/delivery_parts.h"

#include "broker/identity/client_authentication.h"
#include "broker/identity/identity_shard.h"
#include "broker/keys/kms_caller.h"
#include "broker/keys/kms_endpoint.h"
#include "broker/keys/request_checks.h"
#include "broker/keys/request_url.h"
#include "broker/tables.h"
#include "core/codec/percent.h"

namespace claviger::keys {
namespace {

static_assert(kDeliverySetsMax <= kWrappedSetsMax);

namespace tables = broker::tables;
using broker::Context;

constexpr std::string_view kKeyprov = "keyprov";
constexpr std::string_view kNul("\0", 1);

// As user_key_key() of user_keys.h.
void write_key(DeliveryKey& key, std::string_view tenant, std::uint32_t generation, std::uint64_t period,
               std::string_view uri) {
  key.add(tenant).add(kNul).add_hex(generation).add(kNul).add_hex(period).add(kNul).add(uri);
}

}  // namespace

std::optional<DeliveryCaller> admit_delivery(const DomainTable& table, Context& context, const http::Request& request,
                                             std::string_view rest, FixedText<kDeliveryUrlMax>& url) {
  if (!rest.starts_with(kKeyprov) || !check_headers(request)) return std::nullopt;
  const auto admitted = admit_view(table, context, request);
  if (!admitted) return std::nullopt;
  const tenants::Tenant& tenant = *admitted->tenant;
  const identity::ClientRef client = context.identity->clients().find_cached(tenant.name, admitted->claims->client_id);
  const DomainRef& issuer = admitted->domains->generations.back();
  if (!client || !client->is_enabled || issuer->domain.state != DomainState::Active) return std::nullopt;
  write_url(url, *context.snapshot->settings, tenant, request.path);
  if (!url.is_whole()) return std::nullopt;
  return DeliveryCaller{admitted->claims, &tenant, &issuer};
}

void write_url(FixedText<kDeliveryUrlMax>& url, const settings::Settings& settings, const tenants::Tenant& tenant,
               std::string_view path) {
  url.add(settings.public_origin.empty() ? origin_of(tenant.issuer) : std::string_view(settings.public_origin));
  url.add(path);
}

bool is_identity(const tokens::Claims& claims, std::string_view uri) {
  return !uri.empty() && std::ranges::find(claims.mc_ids, uri) != claims.mc_ids.end();
}

bool read_keyprov_path(std::string_view rest, const tokens::Claims& claims, FixedText<kUriBytesMax>& decoded) {
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

bool may_have_policy(const Kms& kms, Context& context, std::string_view tenant, std::string_view uri) {
  DeliveryKey key;
  key.add(tenant).add(kNul).add(uri);
  if (!key.is_whole()) return true;
  if (!kms.policies().may_have(key.text())) return false;
  if (kms.is_reserved(tenant, uri)) return true;
  for (const storage::TableId table : {tables::kKmsUsers, tables::kGroupServers}) {
    const auto row = context.store.get_cached(table, key.text());
    if (!row || !row->failed_with(Code::NotFound)) return true;
  }
  return false;
}

bool find_sets(Context& context, const LoadedDomain& issuer, std::string_view uri, std::int64_t now, FoundSets& found) {
  const Domain& domain = issuer.domain;
  const auto present = domain.periods.number_at(now);
  if (!present) return false;
  const std::int64_t early = domain.periods.seconds * std::int64_t{domain.policy.early_percent} / 100;
  const bool is_early =
      now >= domain.periods.ends_at(*present) - early && domain.periods.ends_at(*present + 1) <= kTimeMax;
  for (std::uint64_t period = is_early ? *present + 1 : *present;; --period) {
    FoundSet& one = found.sets[found.count++];
    one.period = period;
    write_key(one.key, issuer.tenant, domain.generation, period, uri);
    if (!one.key.is_whole()) return false;
    auto value = context.store.get_cached(tables::kKmsUserKeys, one.key.text());
    found.lacks_present = period == *present && value && value->failed_with(Code::NotFound);
    if (!value || !*value) return false;
    one.value = **std::move(value);
    if (period == *present) return true;
  }
}

bool is_not_issued(Context& context, const LoadedDomain& issuer, std::string_view uri, std::int64_t now) {
  const auto present = issuer.domain.periods.number_at(now);
  if (!present) return false;
  DeliveryKey key;
  write_key(key, issuer.tenant, issuer.domain.generation, *present, uri);
  if (!key.is_whole()) return false;
  const auto value = context.store.get_cached(tables::kKmsUserKeys, key.text());
  return value && value->failed_with(Code::NotFound);
}

std::optional<http::Response> write_delivery(Context& context, const Domain& domain, const HeadView& head,
                                             std::string_view user_uri, const FoundSets& found,
                                             const Protection& protection) {
  std::array<KeySetView, kDeliverySetsMax> views{};
  std::size_t room = ResponseFrame::room(head, protection) + kMessageRoom;
  for (std::size_t i = 0; i < found.count; ++i) {
    const FoundSet& one = found.sets[i];
    views[i] = {&domain, one.period, user_uri, one.key.text(), &*one.value};
    room += key_set_room(views[i], protection);
  }
  std::array<WrappedKeys, kDeliverySetsMax> wrapped;
  if (protection.wraps()) {
    const auto done = wrap_key_sets(context.sealer, std::span(views).first(found.count), protection, wrapped);
    if (!done) return std::nullopt;
  }
  SlabWriter sink(context.shard.slabs(), room);
  XmlWriter xml(sink);
  ResponseFrame frame(xml, head, protection);
  xml.raw("<KmsMessage><KmsKeyProv Version=\"1.0.0\">");
  for (std::size_t i = 0; i < found.count; ++i) {
    if (!write_key_set(xml, context.sealer, views[i], protection, protection.wraps() ? &wrapped[i] : nullptr)) {
      return std::nullopt;
    }
  }
  xml.raw("</KmsKeyProv></KmsMessage>");
  frame.end();
  http::Response response(200, kXmlType, sink.finish());
  response.is_secret = true;
  return response;
}

}  // namespace claviger::keys
