#include "broker/settings/sip_settings.h"

#include <sys/stat.h>

#include <algorithm>

#include "broker/settings/settings.h"
#include "broker/settings/toml_reader.h"

namespace claviger::settings {
namespace {

constexpr std::int64_t kYear = 366LL * 24 * 3600;

void read_texts(TomlReader& reader, const char* name, std::vector<std::string>& out) {
  const toml::array* array = reader.array_at(name);
  if (array == nullptr) return;
  for (const toml::node& node : *array) {
    const auto text = node.value<std::string>();
    if (!text || text->empty()) return reader.fail(Code::ConfigValue, name, "must be a list of strings");
    out.push_back(*text);
  }
}

bool is_service_name(const std::string& name) {
  return !name.empty() && name.size() <= 32 &&
         std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

// They stand between "<" and ">" in headers.
bool is_sip_uri(const std::string& text) {
  return (text.starts_with("sip:") || text.starts_with("sips:")) && text.size() > 5 &&
         std::ranges::all_of(
             text, [](char c) { return c > 0x20 && c < 0x7F && c != '<' && c != '>' && c != '"' && c != ','; });
}

void read_services(TomlReader& reader, Sip& sip, const std::string& file, std::vector<SettingsError>& errors) {
  const toml::array* services = reader.array_at("service");
  if (services == nullptr) return;
  for (const toml::node& node : *services) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return reader.fail(Code::ConfigValue, "service", "must be [[sip.service]] tables");
    SipService service;
    TomlReader one(*table, "sip.service", file, errors);
    one.read("name", service.name);
    one.read("scope", service.scope);
    one.read("identity_claim", service.identity_claim);
    read_texts(one, "feature_tags", service.feature_tags);
    read_texts(one, "icsis", service.icsis);
    one.read("info_media_type", service.info_media_type);
    one.read("info_namespace", service.info_namespace);
    const auto is_taken = [&](const SipService& other) { return other.name == service.name; };
    const bool is_standard = service.name == "mcptt" || service.name == "mcvideo" || service.name == "mcdata";
    if (!is_service_name(service.name))
      one.fail(Code::ConfigValue, "name", "must be lower-case letters, digits and hyphens");
    if (is_standard || std::ranges::any_of(sip.services, is_taken))
      one.fail(Code::ConfigConflict, "name", "is defined already");
    if (service.scope.empty()) one.fail(Code::ConfigMissing, "scope", "is missing");
    if (service.identity_claim.empty()) one.fail(Code::ConfigMissing, "identity_claim", "is missing");
    if (service.info_media_type.empty()) service.info_media_type = "application/vnd.3gpp." + service.name + "-info+xml";
    if (service.info_namespace.empty()) service.info_namespace = "urn:3gpp:ns:" + service.name + "Info:1.0";
    sip.services.push_back(std::move(service));
  }
}

void read_token_expiry(TomlReader& reader, Sip& sip) {
  std::string text = "keep";
  reader.read("token_expiry", text);
  if (text == "grace")
    sip.token_expiry = TokenExpiry::Grace;
  else if (text == "strict")
    sip.token_expiry = TokenExpiry::Strict;
  else if (text != "keep")
    reader.fail(Code::ConfigValue, "token_expiry", "must be keep, grace or strict");
  reader.read("token_grace", sip.token_grace, 1, kYear);
}

void read_protection(TomlReader& reader, Sip& sip) {
  read_texts(reader, "confidentiality_required", sip.confidentiality_required);
  read_texts(reader, "integrity_required", sip.integrity_required);
  reader.read("domain_security_identity", sip.domain_security_identity);
  std::string key_id = "octets";
  std::string user_id = "uri";
  reader.read("derivation_key_id", key_id);
  reader.read("derivation_user_id", user_id);
  sip.is_key_id_text = key_id == "base64";
  sip.is_user_id_bare = user_id == "bare";
  if (key_id != "octets" && key_id != "base64")
    reader.fail(Code::ConfigValue, "derivation_key_id", "must be octets or base64");
  if (user_id != "uri" && user_id != "bare")
    reader.fail(Code::ConfigValue, "derivation_user_id", "must be uri or bare");
  const auto is_known = [&sip](const std::string& name) {
    return name == "mcptt" || name == "mcvideo" || name == "mcdata" ||
           std::ranges::any_of(sip.services, [&name](const SipService& own) { return own.name == name; });
  };
  if (!std::ranges::all_of(sip.confidentiality_required, is_known))
    reader.fail(Code::ConfigValue, "confidentiality_required", "must be names of services");
  if (!std::ranges::all_of(sip.integrity_required, is_known))
    reader.fail(Code::ConfigValue, "integrity_required", "must be names of services");
}

void read_sip(TomlReader& root, Sip& sip, const std::string& file, std::vector<SettingsError>& errors) {
  const toml::table* table = root.table_at("sip");
  if (table == nullptr) return;
  TomlReader reader(*table, "sip", file, errors);
  reader.read("address", sip.address);
  reader.read("port", sip.port, 1, 65'535);
  reader.read("tls_port", sip.tls_port, 0, 65'535);
  reader.read("public_host", sip.public_host);
  reader.read("certificate_file", sip.certificate_file);
  reader.read("key_file", sip.key_file);
  reader.read("ca_file", sip.ca_file);
  reader.read("tenant", sip.tenant);
  reader.read("psi", sip.psi);
  reader.read("configuration_psi", sip.configuration_psi);
  reader.read("publication_max", sip.publication_max, 60, kYear);
  reader.read("subscription_max", sip.subscription_max, 60, kYear);
  read_texts(reader, "servers", sip.servers);
  std::vector<std::string> peers;
  read_texts(reader, "trusted_peers", peers);
  for (const std::string& text : peers) {
    auto network = Network::parse(text);
    if (!network)
      reader.fail(Code::ConfigValue, "trusted_peers", "must be addresses or networks such as 192.0.2.0/24");
    else
      sip.trusted_peers.push_back(*std::move(network));
  }
  reader.read("reg_event", sip.is_reg_event_followed);
  read_services(reader, sip, file, errors);
  read_token_expiry(reader, sip);
  read_protection(reader, sip);
  if (sip.port == 0) reader.fail(Code::ConfigMissing, "port", "is missing");
  if (sip.tenant.empty()) reader.fail(Code::ConfigMissing, "tenant", "is missing: whose users register");
  if (!is_sip_uri(sip.psi)) reader.fail(Code::ConfigValue, "psi", "must be a SIP URI");
  if (!sip.configuration_psi.empty() && !is_sip_uri(sip.configuration_psi)) {
    reader.fail(Code::ConfigValue, "configuration_psi", "must be a SIP URI");
  }
  if (!std::ranges::all_of(sip.servers, is_sip_uri)) reader.fail(Code::ConfigValue, "servers", "must be SIP URIs");
  if (sip.trusted_peers.empty() && sip.ca_file.empty()) {
    reader.fail(Code::ConfigMissing, "trusted_peers", "is missing, and so is ca_file: nobody could assert an identity");
  }
  if (sip.tls_port != 0 && (sip.certificate_file.empty() || sip.key_file.empty())) {
    reader.fail(Code::ConfigMissing, "certificate_file", "and key_file are needed with tls_port");
  }
}

}  // namespace

void check_sip(TomlReader& root, const std::string& file, std::vector<SettingsError>& errors) {
  Sip sip;
  read_sip(root, sip, file, errors);
  struct stat status {};
  if (!sip.key_file.empty() && stat(sip.key_file.c_str(), &status) == 0 && (status.st_mode & 0077U) != 0) {
    errors.push_back({Code::PermissionsTooOpen, file + ": " + sip.key_file + " can be read by others: chmod 600"});
  }
}

Result<std::shared_ptr<const Sip>> load_sip(const std::string& file) {
  std::vector<SettingsError> errors;
  std::shared_ptr<const Sip> none;
  try {
    const toml::table table = toml::parse_file(file);
    const toml::table* const found = table["sip"].as_table();
    if (found == nullptr) return none;
    toml::table only;
    only.insert("sip", *found);
    TomlReader root(only, "", file, errors);
    auto sip = std::make_shared<Sip>();
    read_sip(root, *sip, file, errors);
    if (!errors.empty()) return Error{Code::ConfigValue, "sip.settings"};
    return std::shared_ptr<const Sip>(std::move(sip));
  } catch (const toml::parse_error&) {
    return Error{Code::Unreadable, "sip.settings"};
  }
}

}  // namespace claviger::settings
