#include "storage/former_keys.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>

namespace claviger::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMark = ".former-";
// Of one second.
constexpr int kNamesMax = 100;

std::string stamp(std::int64_t now) {
  const auto time = static_cast<std::time_t>(now);
  std::tm parts{};
  std::array<char, 32> text{};
  gmtime_r(&time, &parts);
  std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
  return text.data();
}

}  // namespace

Result<std::string> keep_former_keys(const WrappingKeys& keys, const std::string& path, std::int64_t now) {
  const std::string first = path + std::string(kMark) + stamp(now);
  for (int i = 1; i <= kNamesMax; ++i) {
    std::string file = i == 1 ? first : first + "-" + std::to_string(i);
    std::error_code failure;
    if (fs::exists(fs::symlink_status(file, failure))) continue;
    CLAVIGER_TRY(written, keys.write(file));
    return file;
  }
  return Error{Code::TooMany, "wrapping_keys.former"};
}

std::vector<std::string> former_key_files(const std::string& path) {
  const fs::path file(path);
  const std::string begin = file.filename().string() + std::string(kMark);
  std::vector<std::string> files;
  if (path.empty()) return files;
  std::error_code failure;
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  for (fs::directory_iterator each(folder, failure), end; !failure && each != end; each.increment(failure)) {
    const std::string name = each->path().filename().string();
    if (name.starts_with(begin) && !name.ends_with(".new")) files.push_back(each->path().string());
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace claviger::storage
