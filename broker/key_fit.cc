#include "broker/key_fit.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <set>
#include <utility>

#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/codec/hex.h"
#include "core/crypto/digest.h"
#include "storage/data_key_row.h"
#include "storage/former_keys.h"
#include "storage/rocks/record_look.h"
#include "storage/sealing.h"

namespace claviger::broker {
namespace {

using Rows = std::vector<storage::DataKeyRow>;

bool opens_all(const storage::WrappingKeys& keys, const Rows& rows) {
  return std::ranges::all_of(rows, [&](const storage::DataKeyRow& row) {
    return keys.unwrap(as_bytes(row.wrapping_key), as_bytes(row.place), as_bytes(row.wrapped)).has_value();
  });
}

// Root looks with the eyes of the store's owner, for the daemon runs as that user: root itself is refused a key of somebody
// else's. Of a process that has no threads yet.
class AsOwnerOf {
 public:
  explicit AsOwnerOf(const std::string& directory) {
    struct stat status {};
    if (::geteuid() != 0 || ::stat(directory.c_str(), &status) != 0 || status.st_uid == 0) return;
    const passwd* owner = ::getpwuid(status.st_uid);
    const int count = ::getgroups(0, nullptr);
    if (owner == nullptr || count < 0) return;
    groups_.resize(static_cast<std::size_t>(count));
    if (::getgroups(count, groups_.data()) != count) return;
    group_ = ::getegid();
    is_other_ = true;
    const bool is_done = ::initgroups(owner->pw_name, owner->pw_gid) == 0 && ::setegid(owner->pw_gid) == 0 &&
                         ::seteuid(status.st_uid) == 0;
    if (!is_done) give_back();
  }
  AsOwnerOf(const AsOwnerOf&) = delete;
  AsOwnerOf& operator=(const AsOwnerOf&) = delete;
  ~AsOwnerOf() { give_back(); }

 private:
  void give_back() {
    if (!std::exchange(is_other_, false)) return;
    const bool is_done =
        ::seteuid(0) == 0 && ::setegid(group_) == 0 && ::setgroups(groups_.size(), groups_.data()) == 0;
    CLAVIGER_ASSERT(is_done);
  }

  bool is_other_ = false;
  gid_t group_ = 0;
  std::vector<gid_t> groups_;
};

std::string user_name(uid_t uid) {
  const passwd* entry = ::getpwuid(uid);
  return entry == nullptr ? "uid " + std::to_string(uid) : std::string(entry->pw_name);
}

// A file that is there and is not read: whose it is, and who must ask. Empty: it can be read.
std::string why_unread(const std::string& file) {
  struct stat status {};
  const auto keys = storage::WrappingKeys::load(file);
  const bool is_refused = keys.failed_with(Code::PermissionsTooOpen) || keys.failed_with(Code::Io);
  if (!is_refused || ::stat(file.c_str(), &status) != 0) return {};
  std::array<char, 8> mode{};
  std::snprintf(mode.data(), mode.size(), "%04o", static_cast<unsigned>(status.st_mode & 07777U));
  return "the key-encryption key's file " + file + " cannot be used by " + user_name(::geteuid()) + ": it belongs to " +
         user_name(status.st_uid) + ", mode " + mode.data() +
         "; it must be the daemon's user's or root's, with mode 0600, and clavigerd be called by that user (runuser "
         "-u)";
}

bool opens_all(const std::string& file, const Rows& rows) {
  const auto keys = storage::WrappingKeys::load(file);
  return keys && opens_all(*keys, rows);
}

std::string names_of(const Rows& rows) {
  std::set<std::string> names;
  for (const storage::DataKeyRow& row : rows) names.insert(key_name(row.wrapping_key));
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

std::string key_name(std::string_view id) {
  std::string name;
  codec::hex_encode(as_bytes(id), name);
  return name;
}

std::optional<KeyFit> key_fit(const std::string& directory, const std::string& key_file,
                              const std::vector<std::string>& labels) {
  const auto records = storage::rocks::read_records(directory, "data_keys", storage::Sealer::kDataKeysMax);
  if (!records || records->empty()) return std::nullopt;
  std::set<std::string> in_token;
  for (const std::string& label : labels) {
    const auto digest = crypto::sha256(as_bytes(label));  // broker/key_encryption.h
    in_token.emplace(as_text(Bytes(digest).first(storage::WrappingKeys::kIdBytes)));
  }
  Rows rows;
  for (const storage::rocks::LookedAt& record : *records) {
    auto row = storage::read_data_key_row(record.key, as_bytes(record.payload));
    if (!row) return std::nullopt;
    if (!in_token.contains(row->wrapping_key)) rows.push_back(*std::move(row));
  }
  if (rows.empty()) return KeyFit{true, directory + " opens with the key in the PKCS #11 token"};
  const AsOwnerOf eyes(directory);
  if (!key_file.empty() && opens_all(key_file, rows)) return KeyFit{true, directory + " opens with " + key_file};

  if (std::string why = why_unread(key_file); !why.empty()) return KeyFit{false, std::move(why)};
  std::error_code ignored;
  KeyFit fit;
  const bool is_there = !key_file.empty() && std::filesystem::exists(key_file, ignored);
  fit.text = "the key-encryption key's file " + key_file + (is_there ? " does not open " : " is missing for ") +
             directory + ", which wants the key " + names_of(rows);
  for (const std::string& former : storage::former_key_files(key_file)) {
    if (!opens_all(former, rows)) continue;
    return KeyFit{false, fit.text + ": " + former +
                             " does, put it in its place, after keeping the present one under another name"};
  }
  fit.text += ": bring the copy of the key that was kept with it";
  return fit;
}

}  // namespace claviger::broker
