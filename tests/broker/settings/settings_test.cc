#include "broker/settings/settings.h"

#include <gtest/gtest.h>

namespace claviger::settings {
namespace {

const std::string kMinimal = R"(
data_directory = "/var/lib/claviger"
key_encryption_key_file = "/etc/claviger/kek"
admin_socket = "/run/claviger/admin.sock"
audit_log_file = "/var/log/claviger/audit.log"
public_origin = "https://idms.example:8443"
[[https]]
port = 8443
certificate_file = "server.pem"
key_file = "server.key"
)";

bool fails_with(const SettingsOrError& result, Code code, std::string_view text) {
  if (result.settings) return false;
  for (const SettingsError& error : result.errors) {
    if (error.code == code && error.message.find(text) != std::string::npos) return true;
  }
  return false;
}

TEST(Settings, AMinimalFileTakesDefaults) {
  const auto result = parse_settings(kMinimal, "test.toml");
  ASSERT_TRUE(result.settings) << (result.errors.empty() ? "" : result.errors[0].message);
  EXPECT_EQ(result.settings->https.at(0).port, 8443);
  EXPECT_EQ(result.settings->lifetimes.access_token, Seconds(300));
  EXPECT_EQ(result.settings->argon2.memory_kib, 19'456U);
}

TEST(Settings, WhatIsShownParsesAgainToTheSame) {
  const auto first = parse_settings(kMinimal + "[limits]\nsign_in_tries = 7\n", "test.toml");
  ASSERT_TRUE(first.settings);
  const auto second = parse_settings(to_toml(*first.settings), "shown.toml");
  ASSERT_TRUE(second.settings) << second.errors[0].message;
  EXPECT_EQ(to_toml(*second.settings), to_toml(*first.settings));
  EXPECT_TRUE(differences_that_need_a_restart(*first.settings, *second.settings).empty());
}

TEST(Settings, TheOriginIsRefusedWithItsLine) {
  std::string text = kMinimal;
  text.replace(text.find("https://idms"), 8, "http://");
  EXPECT_TRUE(fails_with(parse_settings(text, "t"), Code::ConfigValue, "t:6: public_origin must be https://host"));
}

TEST(Settings, AnOriginOfAListenerIsAnOrigin) {
  const auto with = [](const std::string& origin) {
    return parse_settings(kMinimal + "public_origin = \"" + origin + "\"\n", "t");  // of the [[https]] table
  };
  const auto good = with("https://mtls.idms.example:8444");
  ASSERT_TRUE(good.settings);
  EXPECT_EQ(good.settings->https.at(0).public_origin, "https://mtls.idms.example:8444");
  for (const char* bad :
       {"http://idms.example", "https://", "https://idms.example/", "https://idms.example/x", "idms"}) {
    EXPECT_TRUE(fails_with(with(bad), Code::ConfigValue, "https.public_origin")) << bad;
  }
}

TEST(Settings, WhatTheAccountApiRequiresFitsIntoAHeader) {
  const auto with = [](const std::string& acr) {
    return parse_settings(kMinimal + "[account]\nacr_values = [" + acr + "]\nmax_age = 60\n", "t");
  };
  const auto good = with("\"a\", \"urn:b\"");
  ASSERT_TRUE(good.settings);
  EXPECT_EQ(good.settings->account.acr_values, (std::vector<std::string>{"a", "urn:b"}));
  EXPECT_EQ(good.settings->account.max_age, Seconds(60));
  for (const char* bad : {"\"\"", "\"a b\"", "'a\"b'", "'a\\b'", "\"\u00e9\"", "1"}) {
    EXPECT_TRUE(fails_with(with(bad), Code::ConfigValue, "account.acr_values")) << bad;
  }
  EXPECT_TRUE(
      fails_with(parse_settings(kMinimal + "[account]\nmax_age = -1\n", "t"), Code::ConfigValue, "account.max_age"));
  EXPECT_TRUE(fails_with(parse_settings(kMinimal + "[limits]\nsessions_per_user = 1001\n", "t"), Code::ConfigValue,
                         "limits.sessions_per_user"));
  EXPECT_TRUE(fails_with(parse_settings(kMinimal + "[limits]\nrevocations_per_minute = 0\n", "t"), Code::ConfigValue,
                         "limits.revocations_per_minute"));
}

TEST(Settings, AMisspelledNameIsAnErrorWithItsLine) {
  const auto result = parse_settings("data_directry = \"/x\"" + kMinimal, "test.toml");
  EXPECT_TRUE(fails_with(result, Code::ConfigUnknown, "test.toml:1: data_directry"));
}

TEST(Settings, SyntaxErrorsNameTheLine) {
  EXPECT_TRUE(fails_with(parse_settings("a = \n", "test.toml"), Code::ConfigSyntax, "test.toml:1"));
}

TEST(Settings, RefusesWrongTypesAndRanges) {
  EXPECT_TRUE(fails_with(parse_settings("shards = \"2\"" + kMinimal, "t"), Code::ConfigValue, "shards"));
  EXPECT_TRUE(fails_with(parse_settings("shards = 100000" + kMinimal, "t"), Code::ConfigValue, "shards"));
  EXPECT_TRUE(fails_with(parse_settings(kMinimal + "[lifetimes]\naccess_token = 3601\n", "t"), Code::ConfigValue,
                         "lifetimes.access_token"));
  EXPECT_TRUE(parse_settings(kMinimal + "[lifetimes]\naccess_token = 3600\n", "t").settings.has_value());
  EXPECT_TRUE(fails_with(parse_settings("sandbox = 1" + kMinimal, "t"), Code::ConfigValue, "sandbox"));
}

TEST(Settings, NamesWhatIsMissing) {
  const auto result = parse_settings("", "empty.toml");
  EXPECT_TRUE(fails_with(result, Code::ConfigMissing, "data_directory"));
  EXPECT_TRUE(fails_with(result, Code::ConfigMissing, "[[https]]"));
}

TEST(Settings, RequiredClientCertificatesNeedACa) {
  EXPECT_TRUE(fails_with(parse_settings(kMinimal + "client_certificates = \"required\"\n", "t"), Code::ConfigConflict,
                         "client_ca_file"));
}

TEST(Settings, TwoListenersAtOnePlaceAreAnError) {
  const std::string other = "[[https]]\ncertificate_file = \"c\"\nkey_file = \"k\"\n";
  const auto with = [](const std::string& more) { return parse_settings(kMinimal + more, "t"); };
  const auto twice = with(other + "port = 8443\n");
  EXPECT_TRUE(fails_with(twice, Code::ConfigConflict, "t:14: https.port 8443 is taken by https.port of line 8"))
      << twice.errors.at(0).message;
  EXPECT_TRUE(fails_with(with(other + "port = 8443\naddress = \"0.0.0.0\"\n"), Code::ConfigConflict, "is taken by"));
  EXPECT_TRUE(with(other + "port = 8443\naddress = \"192.0.2.1\"\n").settings);
  EXPECT_TRUE(with(other + "port = 8443\naddress = \"::\"\n").settings);
  EXPECT_TRUE(with(other + "port = 8444\n").settings);
  EXPECT_TRUE(fails_with(parse_settings("metrics_port = 8443" + kMinimal, "t"), Code::ConfigConflict, "metrics_port"));
  EXPECT_TRUE(fails_with(with("[diameter]\nport = 3868\ntls_port = 3868\n"), Code::ConfigConflict,
                         "diameter.tls_port 3868 is taken by diameter.port"));
  EXPECT_TRUE(fails_with(with("[sip]\nport = 8443\n"), Code::ConfigConflict, "sip.port"));
}

TEST(Settings, CheapHashesAreForSandboxesOnly) {
  const std::string cheap = "[argon2]\nmemory_kib = 64\npasses = 1\n";
  EXPECT_TRUE(fails_with(parse_settings(kMinimal + cheap, "t"), Code::ConfigSandboxOnly, "argon2"));
  EXPECT_TRUE(parse_settings("sandbox = true" + kMinimal + cheap, "t").settings.has_value());
}

TEST(Settings, NamesWhatNeedsARestart) {
  const auto one = parse_settings(kMinimal, "t");
  const auto two = parse_settings("shards = 2" + kMinimal + "[limits]\nsign_in_tries = 9\n", "t");
  EXPECT_EQ(differences_that_need_a_restart(*one.settings, *two.settings), (std::vector<std::string>{"shards"}));
}

TEST(Settings, AFolderIsUnreadable) { EXPECT_TRUE(fails_with(load_settings("/"), Code::Unreadable, "cannot be read")); }

TEST(Settings, AFileThatIsNotThereIsUnreadable) {
  EXPECT_TRUE(fails_with(load_settings("/nonexistent/claviger.toml"), Code::Unreadable, "cannot be read"));
}

}  // namespace
}  // namespace claviger::settings
