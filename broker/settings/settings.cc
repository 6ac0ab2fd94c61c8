#include "broker/settings/settings.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>

#include "broker/settings/diameter_settings.h"
#include "broker/settings/listen_conflicts.h"
#include "broker/settings/sip_settings.h"
#include "broker/settings/toml_reader.h"

namespace claviger::settings {
namespace {

// A configuration file is a page or two; beyond this it is something else.
constexpr std::size_t kFileBytesMax = 1 << 20;
constexpr std::int64_t kAny32 = std::numeric_limits<std::uint32_t>::max();
constexpr std::int64_t kYear = 366LL * 24 * 3600;
// A sign-in reads all sessions of its user where there is a bound.
constexpr std::int64_t kSessionsPerUserMax = 1000;

bool is_origin(const std::string& text) {
  return text.starts_with("https://") && text.size() > 8 && text.find_first_of("/?# ", 8) == std::string::npos;
}

void read_https(TomlReader& root, Settings& settings, const std::string& file, std::vector<SettingsError>& errors) {
  const toml::array* listeners = root.array_at("https");
  if (listeners == nullptr) return;
  for (const toml::node& node : *listeners) {
    const toml::table* table = node.as_table();
    if (table == nullptr) {
      root.fail(Code::ConfigValue, "https", "must be [[https]] tables");
      return;
    }
    HttpsListener listener;
    TomlReader reader(*table, "https", file, errors);
    reader.read("address", listener.address);
    reader.read("port", listener.port, 1, 65'535);
    reader.read("certificate_file", listener.certificate_file);
    reader.read("key_file", listener.key_file);
    std::string policy = "none";
    reader.read("client_certificates", policy);
    if (policy == "optional")
      listener.client_certificates = ClientCertificates::Optional;
    else if (policy == "required")
      listener.client_certificates = ClientCertificates::Required;
    else if (policy != "none")
      reader.fail(Code::ConfigValue, "client_certificates", "must be none, optional or required");
    reader.read("client_ca_file", listener.client_ca_file);
    reader.read("client_crl_file", listener.client_crl_file);
    reader.read("public_origin", listener.public_origin);
    if (!listener.public_origin.empty() && !is_origin(listener.public_origin)) {
      reader.fail(Code::ConfigValue, "public_origin", "must be https://host or https://host:port");
    }
    if (listener.port == 0) reader.fail(Code::ConfigMissing, "port", "is missing");
    if (listener.certificate_file.empty()) reader.fail(Code::ConfigMissing, "certificate_file", "is missing");
    if (listener.key_file.empty()) reader.fail(Code::ConfigMissing, "key_file", "is missing");
    if (listener.client_certificates == ClientCertificates::Required && listener.client_ca_file.empty()) {
      reader.fail(Code::ConfigConflict, "client_certificates", "\"required\" needs client_ca_file");
    }
    settings.https.push_back(std::move(listener));
  }
}

void read_texts(TomlReader& root, const char* name, std::vector<std::string>& out) {
  const toml::array* array = root.array_at(name);
  if (array == nullptr) return;
  for (const toml::node& node : *array) {
    const auto text = node.value<std::string>();
    if (!text) return root.fail(Code::ConfigValue, name, "must be a list of strings");
    out.push_back(*text);
  }
}

void read_proxies(TomlReader& root, Settings& settings) {
  std::vector<std::string> texts;
  read_texts(root, "trusted_proxies", texts);
  for (const std::string& text : texts) {
    auto network = Network::parse(text);
    if (!network)
      return root.fail(Code::ConfigValue, "trusted_proxies", "must be addresses or networks such as 192.0.2.0/24");
    settings.trusted_proxies.push_back(*std::move(network));
  }
  std::string header = "x-forwarded-for";
  root.read("forwarded_header", header);
  if (header == "forwarded")
    settings.forwarded_header = ForwardedHeader::Forwarded;
  else if (header != "x-forwarded-for")
    root.fail(Code::ConfigValue, "forwarded_header", "must be x-forwarded-for or forwarded");
}

void read_log(TomlReader& root, LogOptions& log, const std::string& file, std::vector<SettingsError>& errors) {
  const toml::table* table = root.table_at("log");
  if (table == nullptr) return;
  TomlReader reader(*table, "log", file, errors);
  std::string level = "info";
  reader.read("level", level);
  if (level == "debug")
    log.level = LogLevel::Debug;
  else if (level == "info")
    log.level = LogLevel::Info;
  else if (level == "warning")
    log.level = LogLevel::Warning;
  else if (level == "error")
    log.level = LogLevel::Error;
  else
    reader.fail(Code::ConfigValue, "level", "must be debug, info, warning or error");
  std::string format = "text";
  reader.read("format", format);
  if (format == "json")
    log.json = true;
  else if (format != "text")
    reader.fail(Code::ConfigValue, "format", "must be text or json");
  reader.read("file", log.file);
}

void read_costs(TomlReader& root, Settings& settings, const std::string& file, std::vector<SettingsError>& errors) {
  if (const toml::table* table = root.table_at("argon2")) {
    TomlReader reader(*table, "argon2", file, errors);
    // Below 8 KiB a lane Argon2 itself refuses; production's floor is checked after the sandbox flag is known.
    reader.read("memory_kib", settings.argon2.memory_kib, 64, 4 << 20);
    reader.read("passes", settings.argon2.passes, 1, 100);
    reader.read("lanes", settings.argon2.lanes, 1, 8);
  }
  if (const toml::table* table = root.table_at("lifetimes")) {
    TomlReader reader(*table, "lifetimes", file, errors);
    Lifetimes& times = settings.lifetimes;
    reader.read("interaction", times.interaction, 30, 3600);
    reader.read("authorization_code", times.authorization_code, 5, 600);
    // One hour at most: revocations are kept as long as the longest token lives.
    reader.read("access_token", times.access_token, 5, 3600);
    reader.read("id_token", times.id_token, 5, 3600);
    reader.read("session_idle", times.session_idle, 60, kYear);
    reader.read("session_absolute", times.session_absolute, 60, kYear);
  }
  if (const toml::table* table = root.table_at("limits")) {
    TomlReader reader(*table, "limits", file, errors);
    Limits& limits = settings.limits;
    reader.read("connections_max", limits.connections_max, 16, 10'000'000);
    reader.read("requests_max", limits.requests_max, 16, 1'000'000);
    reader.read("hash_queue_max", limits.hash_queue_max, 1, 1'000'000);
    reader.read("commit_queue_max", limits.commit_queue_max, 64, 1 << 20);
    std::int64_t mib = static_cast<std::int64_t>(limits.block_cache_bytes >> 20);
    reader.read("block_cache_mib", mib, 8, 1 << 20);
    limits.block_cache_bytes = static_cast<std::uint64_t>(mib) << 20;
    mib = static_cast<std::int64_t>(limits.memtable_bytes >> 20);
    reader.read("memtable_mib", mib, 8, 1 << 20);
    limits.memtable_bytes = static_cast<std::uint64_t>(mib) << 20;
    reader.read("cached_tokens_max", limits.cached_tokens_max, 1024, 1 << 30);
    reader.read("cached_clients_max", limits.cached_clients_max, 16, 10'000'000);
    reader.read("sign_in_tries", limits.sign_in_tries, 1, 1000);
    reader.read("sign_in_window", limits.sign_in_window, 1, 86'400);
    reader.read("source_tries", limits.source_tries, 1, 1'000'000);
    reader.read("sessions_per_user", limits.sessions_per_user, 0, kSessionsPerUserMax);
    reader.read("revocations_per_minute", limits.revocations_per_minute, 1, 1'000'000);
  }
}

void read_key_rotation(TomlReader& root, KeyRotation& rotation, const std::string& file,
                       std::vector<SettingsError>& errors) {
  const toml::table* table = root.table_at("signing_keys");
  if (table == nullptr) return;
  TomlReader reader(*table, "signing_keys", file, errors);
  reader.read("lifetime", rotation.lifetime, 0, 10 * kYear);
  // A day at least: verifiers that poll the key set do it daily at the latest.
  reader.read("publish_ahead", rotation.publish_ahead, 24 * 3600, kYear);
  if (rotation.lifetime != Seconds{0} && rotation.lifetime < rotation.publish_ahead) {
    reader.fail(Code::ConfigConflict, "lifetime", "is shorter than publish_ahead");
  }
}

void read_pkcs11(TomlReader& root, Pkcs11& pkcs11, const std::string& file, std::vector<SettingsError>& errors) {
  const toml::table* table = root.table_at("pkcs11");
  if (table == nullptr) return;
  TomlReader reader(*table, "pkcs11", file, errors);
  reader.read("module_file", pkcs11.module_file);
  reader.read("token", pkcs11.token);
  reader.read("pin_file", pkcs11.pin_file);
  reader.read("sessions", pkcs11.sessions, 1, 64);
  read_texts(reader, "key_encryption_keys", pkcs11.key_encryption_keys);
  // An absolute path: a name alone would be looked for wherever the loader looks.
  if (!pkcs11.module_file.starts_with('/')) reader.fail(Code::ConfigValue, "module_file", "must be an absolute path");
  if (pkcs11.token.empty()) reader.fail(Code::ConfigMissing, "token", "is missing: the token's label");
  if (pkcs11.pin_file.empty()) reader.fail(Code::ConfigMissing, "pin_file", "is missing");
}

// A claim of ours under a registered name would be taken for that one.
bool is_claim_name(const std::string& name) {
  static constexpr std::string_view kTaken[] = {"iss",
                                                "sub",
                                                "aud",
                                                "exp",
                                                "iat",
                                                "nbf",
                                                "jti",
                                                "sid",
                                                "acr",
                                                "amr",
                                                "cnf",
                                                "act",
                                                "scope",
                                                "nonce",
                                                "client_id",
                                                "auth_time",
                                                "at_hash",
                                                "SKeyProv",
                                                "mcptt_id",
                                                "mcvideo_id",
                                                "mcdata_id",
                                                "name",
                                                "preferred_username",
                                                "active",
                                                "token_type"};
  const bool is_plain = !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char character) {
    return character > 0x20 && character < 0x7F && character != '"' && character != '\\';
  });
  return is_plain && std::find(std::begin(kTaken), std::end(kTaken), name) == std::end(kTaken);
}

void read_val_claims(TomlReader& root, ValClaimNames& names, const std::string& file,
                     std::vector<SettingsError>& errors) {
  const toml::table* table = root.table_at("val_claims");
  if (table == nullptr) return;
  TomlReader reader(*table, "val_claims", file, errors);
  reader.read("user_id", names.user_id);
  reader.read("ue_id", names.ue_id);
  reader.read("service_ids", names.service_ids);
  if (!is_claim_name(names.user_id)) reader.fail(Code::ConfigValue, "user_id", "is not a claim name that is free");
  if (!is_claim_name(names.ue_id)) reader.fail(Code::ConfigValue, "ue_id", "is not a claim name that is free");
  if (!is_claim_name(names.service_ids))
    reader.fail(Code::ConfigValue, "service_ids", "is not a claim name that is free");
  if (names.user_id == names.ue_id || names.user_id == names.service_ids || names.ue_id == names.service_ids) {
    reader.fail(Code::ConfigConflict, "user_id", "must differ from ue_id and service_ids");
  }
}

void read_account(TomlReader& root, AccountRequirement& account, const std::string& file,
                  std::vector<SettingsError>& errors) {
  const toml::table* table = root.table_at("account");
  if (table == nullptr) return;
  TomlReader reader(*table, "account", file, errors);
  read_texts(reader, "acr_values", account.acr_values);
  reader.read("max_age", account.max_age, 0, kYear);
  // They stand in a header, between quotes and with blanks between them.
  for (const std::string& acr : account.acr_values) {
    if (acr.empty() || acr.size() > 255 || !std::all_of(acr.begin(), acr.end(), [](char character) {
          return character > 0x20 && character < 0x7F && character != '"' && character != '\\';
        })) {
      reader.fail(Code::ConfigValue, "acr_values", "must be a list of names without blanks and quotes");
    }
  }
}

void check_whole(const Settings& settings, const std::string& name, std::vector<SettingsError>& errors) {
  const auto need = [&](bool holds, Code code, const char* what) {
    if (!holds) errors.push_back({code, name + ": " + what});
  };
  need(!settings.data_directory.empty(), Code::ConfigMissing, "data_directory is missing");
  need(!settings.key_encryption_key_file.empty(), Code::ConfigMissing, "key_encryption_key_file is missing");
  need(!settings.admin_socket.empty(), Code::ConfigMissing, "admin_socket is missing");
  need(!settings.audit_log_file.empty(), Code::ConfigMissing, "audit_log_file is missing");
  need(!settings.https.empty(), Code::ConfigMissing, "no [[https]] listener");
  need(settings.lifetimes.session_idle <= settings.lifetimes.session_absolute, Code::ConfigConflict,
       "lifetimes.session_idle is longer than lifetimes.session_absolute");
  // A Unix socket's path has 108 bytes with its NUL (sys/un.h).
  need(settings.admin_socket.size() < 108, Code::ConfigValue, "admin_socket is longer than 107 bytes");
  const bool is_cheap = static_cast<std::uint64_t>(settings.argon2.memory_kib) * settings.argon2.passes < 2ULL * 7168;
  need(settings.is_sandbox || !is_cheap, Code::ConfigSandboxOnly,
       "argon2 is cheaper than 7 MiB in 2 passes: only with sandbox = true");
}

}  // namespace

SettingsOrError parse_settings(const std::string& toml_text, const std::string& name) {
  SettingsOrError result;
  toml::table table;
  try {
    table = toml::parse(toml_text, name);
  } catch (const toml::parse_error& error) {
    result.errors.push_back({Code::ConfigSyntax, name + ":" + std::to_string(error.source().begin.line) + ": " +
                                                     std::string(error.description())});
    return result;
  }
  Settings settings;
  {
    TomlReader root(table, "", name, result.errors);
    root.read("sandbox", settings.is_sandbox);
    root.read("data_directory", settings.data_directory);
    root.read("key_encryption_key_file", settings.key_encryption_key_file);
    root.read("admin_socket", settings.admin_socket);
    root.read_list("admin_uids", settings.admin_uids, 0, kAny32);
    root.read("audit_log_file", settings.audit_log_file);
    root.read("shards", settings.shards, 0, 256);
    root.read("hash_threads", settings.hash_threads, 0, 256);
    root.read_list("cpus", settings.cpus, 0, 1023);
    root.read("public_origin", settings.public_origin);
    if (!is_origin(settings.public_origin)) {
      root.fail(Code::ConfigValue, "public_origin", "must be https://host or https://host:port");
    }
    root.read("metrics_address", settings.metrics_address);
    root.read("metrics_port", settings.metrics_port, 0, 65'535);
    read_https(root, settings, name, result.errors);
    read_proxies(root, settings);
    read_texts(root, "consent_scopes", settings.consent_scopes);
    read_log(root, settings.log, name, result.errors);
    read_costs(root, settings, name, result.errors);
    read_key_rotation(root, settings.key_rotation, name, result.errors);
    read_pkcs11(root, settings.pkcs11, name, result.errors);
    read_val_claims(root, settings.val_claims, name, result.errors);
    read_account(root, settings.account, name, result.errors);
    check_diameter(root, name, result.errors);
    check_sip(root, name, result.errors);
    check_listen_conflicts(table, name, result.errors);
  }
  check_whole(settings, name, result.errors);
  if (result.errors.empty()) result.settings = std::move(settings);
  return result;
}

SettingsOrError load_settings(const std::string& file) {
  SettingsOrError result;
  // read() keeps to itself what a stream's buffer throws when FILE is a folder.
  std::ifstream stream(file, std::ios::binary);
  std::string content(kFileBytesMax + 1, '\0');
  stream.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(stream.gcount()));
  if (!stream.is_open() || stream.bad()) {
    result.errors.push_back({Code::Unreadable, file + ": cannot be read"});
    return result;
  }
  if (content.size() > kFileBytesMax) {
    result.errors.push_back({Code::TooLarge, file + ": larger than 1 MiB"});
    return result;
  }
  result = parse_settings(content, file);
  if (!result.settings) return result;
  for (const HttpsListener& listener : result.settings->https) {
    for (const std::string& named :
         {listener.certificate_file, listener.key_file, listener.client_ca_file, listener.client_crl_file}) {
      if (!named.empty() && !std::ifstream(named).good()) {
        result.errors.push_back({Code::Unreadable, file + ": " + named + " cannot be read"});
      }
    }
    struct stat status {};
    if (stat(listener.key_file.c_str(), &status) == 0 && (status.st_mode & 0077U) != 0) {
      result.errors.push_back(
          {Code::PermissionsTooOpen, file + ": " + listener.key_file + " can be read by others: chmod 600"});
    }
  }
  const std::string& pin_file = result.settings->pkcs11.pin_file;
  struct stat status {};
  if (!pin_file.empty() && (stat(pin_file.c_str(), &status) != 0 || (status.st_mode & 0077U) != 0)) {
    result.errors.push_back(
        {Code::PermissionsTooOpen, file + ": " + pin_file + " is missing or can be read by others: chmod 600"});
  }
  if (!result.errors.empty()) result.settings.reset();
  return result;
}

std::vector<std::string> differences_that_need_a_restart(const Settings& running, const Settings& wanted) {
  std::vector<std::string> names;
  const auto compare = [&names](const char* name, const auto& left, const auto& right) {
    if (left != right) names.emplace_back(name);
  };
  compare("sandbox", running.is_sandbox, wanted.is_sandbox);
  compare("data_directory", running.data_directory, wanted.data_directory);
  compare("key_encryption_key_file", running.key_encryption_key_file, wanted.key_encryption_key_file);
  compare("admin_socket", running.admin_socket, wanted.admin_socket);
  compare("audit_log_file", running.audit_log_file, wanted.audit_log_file);
  compare("shards", running.shards, wanted.shards);
  compare("hash_threads", running.hash_threads, wanted.hash_threads);
  compare("cpus", running.cpus, wanted.cpus);
  compare("public_origin", running.public_origin, wanted.public_origin);
  compare("metrics_address", running.metrics_address, wanted.metrics_address);
  compare("metrics_port", running.metrics_port, wanted.metrics_port);
  compare("pkcs11", running.pkcs11, wanted.pkcs11);
  compare("log.format", running.log.json, wanted.log.json);
  compare("log.file", running.log.file, wanted.log.file);
  compare("limits.block_cache_mib", running.limits.block_cache_bytes, wanted.limits.block_cache_bytes);
  compare("limits.memtable_mib", running.limits.memtable_bytes, wanted.limits.memtable_bytes);
  compare("limits.hash_queue_max", running.limits.hash_queue_max, wanted.limits.hash_queue_max);
  compare("limits.commit_queue_max", running.limits.commit_queue_max, wanted.limits.commit_queue_max);
  compare("limits.cached_tokens_max", running.limits.cached_tokens_max, wanted.limits.cached_tokens_max);
  compare("limits.requests_max", running.limits.requests_max, wanted.limits.requests_max);
  compare("limits.connections_max", running.limits.connections_max, wanted.limits.connections_max);
  const auto addresses = [](const Settings& settings) {
    std::vector<std::string> all;
    for (const HttpsListener& listener : settings.https) {
      all.push_back(listener.address + ":" + std::to_string(listener.port) + "/" +
                    std::to_string(static_cast<int>(listener.client_certificates)));
    }
    return all;
  };
  compare("https addresses", addresses(running), addresses(wanted));
  return names;
}

std::string to_toml(const Settings& settings) {
  static constexpr const char* kLevels[] = {"debug", "info", "warning", "error"};
  static constexpr const char* kPolicies[] = {"none", "optional", "required"};
  toml::table table{
      {"sandbox", settings.is_sandbox},
      {"data_directory", settings.data_directory},
      {"key_encryption_key_file", settings.key_encryption_key_file},
      {"admin_socket", settings.admin_socket},
      {"audit_log_file", settings.audit_log_file},
      {"shards", settings.shards},
      {"hash_threads", settings.hash_threads},
      {"public_origin", settings.public_origin},
      {"metrics_address", settings.metrics_address},
      {"metrics_port", settings.metrics_port},
      {"log", toml::table{{"level", kLevels[static_cast<std::size_t>(settings.log.level)]},
                          {"format", settings.log.json ? "json" : "text"},
                          {"file", settings.log.file}}},
      {"argon2", toml::table{{"memory_kib", settings.argon2.memory_kib},
                             {"passes", settings.argon2.passes},
                             {"lanes", settings.argon2.lanes}}},
      {"lifetimes", toml::table{{"interaction", settings.lifetimes.interaction.count()},
                                {"authorization_code", settings.lifetimes.authorization_code.count()},
                                {"access_token", settings.lifetimes.access_token.count()},
                                {"id_token", settings.lifetimes.id_token.count()},
                                {"session_idle", settings.lifetimes.session_idle.count()},
                                {"session_absolute", settings.lifetimes.session_absolute.count()}}},
      {"signing_keys", toml::table{{"lifetime", settings.key_rotation.lifetime.count()},
                                   {"publish_ahead", settings.key_rotation.publish_ahead.count()}}},
      {"val_claims", toml::table{{"user_id", settings.val_claims.user_id},
                                 {"ue_id", settings.val_claims.ue_id},
                                 {"service_ids", settings.val_claims.service_ids}}},
      {"limits", toml::table{{"connections_max", settings.limits.connections_max},
                             {"requests_max", settings.limits.requests_max},
                             {"hash_queue_max", settings.limits.hash_queue_max},
                             {"commit_queue_max", settings.limits.commit_queue_max},
                             {"block_cache_mib", static_cast<std::int64_t>(settings.limits.block_cache_bytes >> 20)},
                             {"memtable_mib", static_cast<std::int64_t>(settings.limits.memtable_bytes >> 20)},
                             {"cached_tokens_max", settings.limits.cached_tokens_max},
                             {"cached_clients_max", settings.limits.cached_clients_max},
                             {"sign_in_tries", settings.limits.sign_in_tries},
                             {"sign_in_window", settings.limits.sign_in_window.count()},
                             {"source_tries", settings.limits.source_tries},
                             {"sessions_per_user", settings.limits.sessions_per_user},
                             {"revocations_per_minute", settings.limits.revocations_per_minute}}},
  };
  toml::array acr_values;
  for (const std::string& acr : settings.account.acr_values) acr_values.push_back(acr);
  table.insert("account",
               toml::table{{"acr_values", std::move(acr_values)}, {"max_age", settings.account.max_age.count()}});
  toml::array uids;
  for (const std::uint32_t uid : settings.admin_uids) uids.push_back(uid);
  table.insert("admin_uids", std::move(uids));
  toml::array proxies;
  for (const Network& network : settings.trusted_proxies) proxies.push_back(network.text());
  table.insert("trusted_proxies", std::move(proxies));
  table.insert("forwarded_header",
               settings.forwarded_header == ForwardedHeader::Forwarded ? "forwarded" : "x-forwarded-for");
  toml::array consent_scopes;
  for (const std::string& scope : settings.consent_scopes) consent_scopes.push_back(scope);
  table.insert("consent_scopes", std::move(consent_scopes));
  toml::array cpus;
  for (const int cpu : settings.cpus) cpus.push_back(cpu);
  table.insert("cpus", std::move(cpus));
  if (!settings.pkcs11.module_file.empty()) {
    toml::array labels;
    for (const std::string& label : settings.pkcs11.key_encryption_keys) labels.push_back(label);
    table.insert("pkcs11", toml::table{{"module_file", settings.pkcs11.module_file},
                                       {"token", settings.pkcs11.token},
                                       {"pin_file", settings.pkcs11.pin_file},
                                       {"sessions", settings.pkcs11.sessions},
                                       {"key_encryption_keys", std::move(labels)}});
  }
  toml::array listeners;
  for (const HttpsListener& listener : settings.https) {
    listeners.push_back(
        toml::table{{"address", listener.address},
                    {"port", listener.port},
                    {"certificate_file", listener.certificate_file},
                    {"key_file", listener.key_file},
                    {"client_certificates", kPolicies[static_cast<std::size_t>(listener.client_certificates)]},
                    {"client_ca_file", listener.client_ca_file},
                    {"client_crl_file", listener.client_crl_file},
                    {"public_origin", listener.public_origin}});
  }
  table.insert("https", std::move(listeners));
  std::ostringstream out;
  out << table << '\n';
  return out.str();
}

}  // namespace claviger::settings
