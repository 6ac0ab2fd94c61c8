#include "broker/settings/rooms_toml.h"

#include <toml++/toml.h>
#include <sstream>

namespace claviger::settings {
namespace {

toml::array texts(const std::vector<std::string>& list) {
  toml::array array;
  for (const std::string& text : list) array.push_back(text);
  return array;
}

toml::table table_of(const DiameterPeer& peer) {
  return toml::table{{"identity", peer.identity},
                     {"realm", peer.realm},
                     {"host", peer.host},
                     {"port", peer.port},
                     {"transport", peer.is_tls ? "tls" : "tcp"},
                     {"addresses", texts(peer.addresses)},
                     {"role", peer.host.empty() ? "accept" : "connect"},
                     {"realms", texts(peer.realms)},
                     {"priority", peer.priority},
                     {"weight", peer.weight},
                     {"requests_per_second", peer.requests_per_second},
                     {"quirks", texts(peer.quirks)}};
}

toml::table table_of(const DiameterSettings& diameter) {
  toml::table table{{"identity", diameter.identity},      {"realm", diameter.realm},
                    {"tenant", diameter.tenant},          {"product_name", diameter.product_name},
                    {"address", diameter.address},        {"port", diameter.port},
                    {"tls_port", diameter.tls_port},      {"certificate_file", diameter.certificate_file},
                    {"key_file", diameter.key_file},      {"ca_file", diameter.ca_file},
                    {"crl_file", diameter.crl_file},      {"watchdog", diameter.watchdog.count()},
                    {"pending_max", diameter.pending_max}};
  toml::array peers;
  for (const DiameterPeer& peer : diameter.peers) peers.push_back(table_of(peer));
  if (!peers.empty()) table.insert("peers", std::move(peers));
  return table;
}

toml::table table_of(const SipService& service) {
  return toml::table{{"name", service.name},
                     {"scope", service.scope},
                     {"identity_claim", service.identity_claim},
                     {"feature_tags", texts(service.feature_tags)},
                     {"icsis", texts(service.icsis)},
                     {"info_media_type", service.info_media_type},
                     {"info_namespace", service.info_namespace}};
}

const char* name_of(TokenExpiry expiry) {
  switch (expiry) {
    case TokenExpiry::Keep:
      return "keep";
    case TokenExpiry::Grace:
      return "grace";
    case TokenExpiry::Strict:
      return "strict";
  }
  return "";
}

toml::table table_of(const Sip& sip) {
  toml::table table{{"address", sip.address},
                    {"port", sip.port},
                    {"tls_port", sip.tls_port},
                    {"public_host", sip.public_host},
                    {"certificate_file", sip.certificate_file},
                    {"key_file", sip.key_file},
                    {"ca_file", sip.ca_file},
                    {"tenant", sip.tenant},
                    {"psi", sip.psi},
                    {"configuration_psi", sip.configuration_psi},
                    {"servers", texts(sip.servers)},
                    {"publication_max", sip.publication_max.count()},
                    {"subscription_max", sip.subscription_max.count()},
                    {"token_expiry", name_of(sip.token_expiry)},
                    {"token_grace", sip.token_grace.count()},
                    {"reg_event", sip.is_reg_event_followed},
                    {"confidentiality_required", texts(sip.confidentiality_required)},
                    {"integrity_required", texts(sip.integrity_required)},
                    {"domain_security_identity", sip.domain_security_identity},
                    {"derivation_key_id", sip.is_key_id_text ? "base64" : "octets"},
                    {"derivation_user_id", sip.is_user_id_bare ? "bare" : "uri"}};
  toml::array trusted;
  for (const Network& network : sip.trusted_peers) trusted.push_back(network.text());
  table.insert("trusted_peers", std::move(trusted));
  toml::array services;
  for (const SipService& service : sip.services) services.push_back(table_of(service));
  if (!services.empty()) table.insert("service", std::move(services));
  return table;
}

}  // namespace

std::string to_toml(const DiameterSettings* diameter, const Sip* sip) {
  toml::table table;
  if (diameter != nullptr) table.insert("diameter", table_of(*diameter));
  if (sip != nullptr) table.insert("sip", table_of(*sip));
  if (table.empty()) return {};
  std::ostringstream out;
  out << table << '\n';
  return out.str();
}

std::vector<RoomTenant> tenants_of_rooms(const DiameterSettings* diameter, const Sip* sip) {
  std::vector<RoomTenant> all;
  if (diameter != nullptr) all.push_back({"[diameter]", diameter->tenant});
  if (sip != nullptr) all.push_back({"[sip]", sip->tenant});
  return all;
}

}  // namespace claviger::settings
