// tools/share/claviger.toml is what it says: every setting there is, with the value that is taken when nothing is said.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "broker/settings/settings.h"

namespace claviger::settings {
namespace {

std::string sample() {
  std::ifstream file(CLAVIGER_SOURCE_DIR "/tools/share/claviger.toml", std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// "limits.sign_in_tries" for each setting in a TOML text.
std::set<std::string> names_in(const std::string& toml) {
  std::set<std::string> names;
  std::istringstream lines(toml);
  std::string line, table;
  while (std::getline(lines, line)) {
    line.erase(0, line.find_first_not_of(" "));
    if (line.starts_with("[")) {
      table = line.substr(line.find_first_not_of('['), line.find(']') - line.find_first_not_of('[')) + ".";
    } else if (const std::size_t equals = line.find(" = "); equals != std::string::npos && !line.starts_with("#")) {
      names.insert(table + line.substr(0, equals));
    }
  }
  return names;
}

TEST(SampleConfiguration, IsTaken) {
  const SettingsOrError parsed = parse_settings(sample(), "claviger.toml");
  for (const SettingsError& error : parsed.errors) ADD_FAILURE() << error.message;
  ASSERT_TRUE(parsed.settings);
  EXPECT_FALSE(parsed.settings->is_sandbox);
}

TEST(SampleConfiguration, HasEverySettingAndNoOther) {
  Settings settings;
  settings.https.emplace_back();
  EXPECT_EQ(names_in(sample()), names_in(to_toml(settings)));
}

TEST(SampleConfiguration, ShowsTheDefaults) {
  const SettingsOrError parsed = parse_settings(sample(), "claviger.toml");
  ASSERT_TRUE(parsed.settings);
  // What has no default stands in the sample with a likely value.
  Settings shown = *parsed.settings;
  const Settings defaults;
  shown.data_directory = shown.key_encryption_key_file = shown.admin_socket = shown.audit_log_file = {};
  shown.public_origin = {};
  shown.metrics_port = 0;
  shown.https.clear();
  EXPECT_EQ(to_toml(shown), to_toml(defaults));
}

}  // namespace
}  // namespace claviger::settings
