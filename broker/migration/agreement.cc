#include "broker/migration/agreement.h"

#include <algorithm>

#include "broker/migration/agreement_generated.h"
#include "broker/migration/sip_identity.h"
#include "broker/record_key.h"
#include "core/codec/uri.h"
#include "core/codec/utf8.h"
#include "storage/record.h"

namespace claviger::migration {
namespace {

constexpr storage::RecordSchema kSchema{"agreements", 1};
constexpr std::size_t kTextMax = 1024;
constexpr std::size_t kPemMax = 64 * 1024;
constexpr std::uint32_t kBindingsMax = 10'000'000;
constexpr std::uint32_t kRateMax = 1'000'000;
constexpr std::uint32_t kVendor3gpp = 10415;

using storage::text_of;
using storage::texts_of;

Error invalid(std::string_view where) { return {Code::AgreementInvalid, where}; }

Result<Unit> check_list(const std::vector<std::string>& list, bool (*is_good)(std::string_view),
                        std::string_view where) {
  if (list.size() > kAgreementListMax || !std::ranges::all_of(list, is_good)) return invalid(where);
  return Unit{};
}

bool is_https(std::string_view text) {
  const auto uri = codec::parse_absolute_uri(text);
  return uri && uri->scheme_is("https") && !uri->has_userinfo && !uri->has_query && text.size() <= kTextMax &&
         !text.ends_with('/');
}

bool is_plain_text(std::string_view text) {
  return text.size() <= kTextMax && codec::is_utf8(text) &&
         std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

bool is_network(std::string_view text) { return !text.empty() && is_plain_text(text); }

// A link needs all of its parts.
Result<Unit> check_link(const Agreement& agreement, bool has_key) {
  if (agreement.ca_pem.size() > kPemMax) return invalid("agreement.ca");
  if (agreement.certificate_pem.size() > kPemMax) return invalid("agreement.certificate");
  if (agreement.caller.size() > kTextMax || !is_plain_text(agreement.caller)) return invalid("agreement.caller");
  if (!agreement.has_link()) return Unit{};
  if (!is_https(agreement.url)) return invalid("agreement.url");
  if (!is_https(agreement.token_endpoint)) return invalid("agreement.token_endpoint");
  if (agreement.client_id.empty() || !is_plain_text(agreement.client_id)) return invalid("agreement.client_id");
  if (agreement.certificate_pem.empty()) return invalid("agreement.certificate");
  if (!has_key) return invalid("agreement.key");
  return Unit{};
}

Result<Unit> check_diameter(const Agreement& agreement) {
  if (!agreement.realm.empty() && !is_domain(agreement.realm)) return invalid("agreement.realm");
  for (const auto& [list, where] : {std::pair{&agreement.core_hosts, std::string_view("agreement.core_hosts")},
                                    std::pair{&agreement.mms_hosts, std::string_view("agreement.mms_hosts")},
                                    std::pair{&agreement.agents, std::string_view("agreement.agents")},
                                    std::pair{&agreement.cscfs, std::string_view("agreement.cscfs")}}) {
    CLAVIGER_TRY(good, check_list(*list, &is_domain, where));
  }
  if (!agreement.database_host.empty() && !is_domain(agreement.database_host))
    return invalid("agreement.database_host");
  const bool has_database_realm = !agreement.database_realm.empty();
  if (has_database_realm ? !is_domain(agreement.database_realm) : !agreement.database_host.empty()) {
    return invalid("agreement.database_realm");
  }
  const bool has_hosts = !agreement.core_hosts.empty() || !agreement.mms_hosts.empty();
  if (has_hosts && agreement.realm.empty()) return invalid("agreement.realm");
  if (!agreement.server_name.empty() && !is_public_identity(agreement.server_name) &&
      !is_sip_host(agreement.server_name)) {
    return invalid("agreement.server_name");
  }
  if (agreement.wants_grant && agreement.grant_vendor == 0) return invalid("agreement.grant_vendor");
  // Its codes are not ours to give (TS 29.230).
  if (agreement.grant_vendor == kVendor3gpp) return invalid("agreement.grant_vendor");
  if (agreement.user_data.size() > kUserDataMax || !codec::is_utf8(agreement.user_data)) {
    return invalid("agreement.user_data");
  }
  return Unit{};
}

}  // namespace

std::string Agreement::own_server_name() const {
  if (!server_name.empty()) return server_name;
  return "sip:mms." + (ranges.empty() ? own_system : ranges.front());
}

std::string agreement_key(std::string_view tenant, std::string_view system) {
  return broker::record_key({tenant, system});
}

bool is_system_id(std::string_view text) { return text.size() <= kSystemIdMax && is_domain(text); }

Result<Unit> check_agreement(const Agreement& agreement, bool has_key) {
  if (!is_system_id(agreement.system)) return invalid("agreement.system");
  if (!is_system_id(agreement.own_system) || agreement.own_system == agreement.system) {
    return invalid("agreement.own_system");
  }
  if (!is_plain_text(agreement.partner)) return invalid("agreement.partner");
  if (agreement.not_before < 0 || agreement.not_after < 0 ||
      (agreement.not_after != 0 && agreement.not_after <= agreement.not_before)) {
    return invalid("agreement.not_after");
  }
  CLAVIGER_TRY(services, check_list(agreement.services, &is_service, "agreement.services"));
  CLAVIGER_TRY(domains, check_list(agreement.domains, &is_domain, "agreement.domains"));
  CLAVIGER_TRY(ranges, check_list(agreement.ranges, &is_domain, "agreement.ranges"));
  CLAVIGER_TRY(identities, check_list(agreement.identities, &is_public_prefix, "agreement.identities"));
  // Whose identities they are could not be said.
  if (agreement.inbound != Inbound::None && (agreement.ranges.empty() || agreement.domains.empty())) {
    return invalid(agreement.ranges.empty() ? "agreement.ranges" : "agreement.domains");
  }
  for (const std::string& range : agreement.ranges) {
    if (std::ranges::find(agreement.domains, range) != agreement.domains.end()) return invalid("agreement.ranges");
  }
  if (agreement.bindings_max > kBindingsMax) return invalid("agreement.bindings_max");
  if (agreement.requests_per_second == 0 || agreement.requests_per_second > kRateMax) {
    return invalid("agreement.requests_per_second");
  }
  if (agreement.requests_per_minute_of_binding == 0 || agreement.requests_per_minute_of_binding > kRateMax) {
    return invalid("agreement.requests_per_minute_of_binding");
  }
  if (!agreement.access_realm.empty() && !is_domain(agreement.access_realm)) return invalid("agreement.access_realm");
  if (!is_plain_text(agreement.access_proxy)) return invalid("agreement.access_proxy");
  CLAVIGER_TRY(networks, check_list(agreement.access_networks, &is_network, "agreement.access_networks"));
  CLAVIGER_TRY(diameter, check_diameter(agreement));
  return check_link(agreement, has_key);
}

Result<Unit> check_in_force(const Agreement& agreement, std::int64_t now) {
  const bool is_in_force =
      agreement.is_active && agreement.not_before <= now && (agreement.not_after == 0 || now < agreement.not_after);
  if (!is_in_force) return Error{Code::AgreementEnded, "agreement"};
  return Unit{};
}

Result<Unit> check_service(const Agreement& agreement, std::string_view service) {
  if (std::ranges::find(agreement.services, service) == agreement.services.end()) {
    return Error{Code::ServiceNotAuthorised, "agreement.services"};
  }
  return Unit{};
}

std::string encode_agreement(const Agreement& agreement) {
  flatbuffers::FlatBufferBuilder builder(4096);
  const auto text = [&](const std::string& value) { return builder.CreateString(value); };
  const auto own_system = text(agreement.own_system);
  const auto partner = text(agreement.partner);
  const auto services = builder.CreateVectorOfStrings(agreement.services);
  const auto domains = builder.CreateVectorOfStrings(agreement.domains);
  const auto ranges = builder.CreateVectorOfStrings(agreement.ranges);
  const auto identities = builder.CreateVectorOfStrings(agreement.identities);
  const auto realm = text(agreement.realm);
  const auto core_hosts = builder.CreateVectorOfStrings(agreement.core_hosts);
  const auto mms_hosts = builder.CreateVectorOfStrings(agreement.mms_hosts);
  const auto agents = builder.CreateVectorOfStrings(agreement.agents);
  const auto cscfs = builder.CreateVectorOfStrings(agreement.cscfs);
  const auto server_name = text(agreement.server_name);
  const auto user_data = text(agreement.user_data);
  const auto access_realm = text(agreement.access_realm);
  const auto access_proxy = text(agreement.access_proxy);
  const auto access_networks = builder.CreateVectorOfStrings(agreement.access_networks);
  const auto url = text(agreement.url);
  const auto token_endpoint = text(agreement.token_endpoint);
  const auto client_id = text(agreement.client_id);
  const auto caller = text(agreement.caller);
  const auto ca_pem = text(agreement.ca_pem);
  const auto certificate_pem = text(agreement.certificate_pem);
  const auto database_host = text(agreement.database_host);
  const auto database_realm = text(agreement.database_realm);
  const auto key = builder.CreateVector(as_uchar(as_bytes(agreement.sealed_key)), agreement.sealed_key.size());
  schema::AgreementBuilder record(builder);
  record.add_schema_version(kSchema.version);
  record.add_own_system(own_system);
  record.add_partner(partner);
  record.add_is_active(agreement.is_active);
  record.add_not_before(agreement.not_before);
  record.add_not_after(agreement.not_after);
  record.add_created_at(agreement.created_at);
  record.add_services(services);
  record.add_inbound(static_cast<std::uint8_t>(agreement.inbound));
  record.add_outbound(static_cast<std::uint8_t>(agreement.outbound));
  record.add_domains(domains);
  record.add_ranges(ranges);
  record.add_bindings_max(agreement.bindings_max);
  record.add_requests_per_second(agreement.requests_per_second);
  record.add_requests_per_minute_of_binding(agreement.requests_per_minute_of_binding);
  record.add_realm(realm);
  record.add_core_hosts(core_hosts);
  record.add_mms_hosts(mms_hosts);
  record.add_agents(agents);
  record.add_cscfs(cscfs);
  record.add_server_name(server_name);
  record.add_user_data(user_data);
  record.add_wants_grant(agreement.wants_grant);
  record.add_access_realm(access_realm);
  record.add_access_proxy(access_proxy);
  record.add_access_networks(access_networks);
  record.add_url(url);
  record.add_token_endpoint(token_endpoint);
  record.add_client_id(client_id);
  record.add_caller(caller);
  record.add_ca_pem(ca_pem);
  record.add_certificate_pem(certificate_pem);
  record.add_sealed_key(key);
  record.add_database_host(database_host);
  record.add_database_realm(database_realm);
  record.add_grant_vendor(agreement.grant_vendor);
  record.add_grant_code(agreement.grant_code);
  record.add_identities(identities);
  builder.Finish(record.Finish());
  return std::string(as_text(storage::finished_bytes(builder)));
}

Result<Agreement> decode_agreement(const storage::Value& value, std::string_view system) {
  CLAVIGER_TRY(record, storage::FlatRecord<schema::Agreement>::open(value, kSchema, system));
  if (record->inbound() > static_cast<std::uint8_t>(Inbound::Both)) return Error{Code::Corrupt, "agreements.inbound"};
  if (record->outbound() > static_cast<std::uint8_t>(Outbound::All)) return Error{Code::Corrupt, "agreements.outbound"};
  Agreement agreement;
  agreement.system = system;
  agreement.own_system = text_of(record->own_system());
  agreement.partner = text_of(record->partner());
  agreement.is_active = record->is_active();
  agreement.not_before = record->not_before();
  agreement.not_after = record->not_after();
  agreement.created_at = record->created_at();
  agreement.services = texts_of(record->services());
  agreement.inbound = static_cast<Inbound>(record->inbound());
  agreement.outbound = static_cast<Outbound>(record->outbound());
  agreement.domains = texts_of(record->domains());
  agreement.ranges = texts_of(record->ranges());
  agreement.bindings_max = record->bindings_max();
  agreement.requests_per_second = record->requests_per_second();
  agreement.requests_per_minute_of_binding = record->requests_per_minute_of_binding();
  agreement.realm = text_of(record->realm());
  agreement.core_hosts = texts_of(record->core_hosts());
  agreement.mms_hosts = texts_of(record->mms_hosts());
  agreement.agents = texts_of(record->agents());
  agreement.cscfs = texts_of(record->cscfs());
  agreement.server_name = text_of(record->server_name());
  agreement.user_data = text_of(record->user_data());
  agreement.wants_grant = record->wants_grant();
  agreement.access_realm = text_of(record->access_realm());
  agreement.access_proxy = text_of(record->access_proxy());
  agreement.access_networks = texts_of(record->access_networks());
  agreement.url = text_of(record->url());
  agreement.token_endpoint = text_of(record->token_endpoint());
  agreement.client_id = text_of(record->client_id());
  agreement.caller = text_of(record->caller());
  agreement.ca_pem = text_of(record->ca_pem());
  agreement.certificate_pem = text_of(record->certificate_pem());
  if (const auto* key = record->sealed_key()) {
    agreement.sealed_key = as_text(std::as_bytes(std::span(key->data(), key->size())));
  }
  agreement.database_host = text_of(record->database_host());
  agreement.database_realm = text_of(record->database_realm());
  agreement.grant_vendor = record->grant_vendor();
  agreement.grant_code = record->grant_code();
  agreement.identities = texts_of(record->identities());
  agreement.version = value.version();
  return agreement;
}

}  // namespace claviger::migration
