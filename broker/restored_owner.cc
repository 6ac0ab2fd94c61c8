#include "broker/restored_owner.h"

#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

namespace claviger::broker {
namespace {

struct Owner {
  uid_t user;
  gid_t group;
};

std::optional<Owner> owner_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || status.st_uid == 0) return std::nullopt;
  return Owner{status.st_uid, status.st_gid};
}

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

}  // namespace

Result<std::string> give_to_owner(const std::string& directory, const std::string& key_file) {
  if (::geteuid() != 0) return std::string();
  std::error_code failure;
  const auto parent = std::filesystem::absolute(directory, failure).parent_path();
  auto owner = owner_of(parent.string());
  if (!owner && !key_file.empty()) owner = owner_of(key_file);
  if (!owner) return std::string();
  // Whoever owns the parent could have put another folder, or a link, in its place.
  const int opened = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  const std::unique_ptr<DIR, CloseFolder> folder(opened < 0 ? nullptr : ::fdopendir(opened));
  struct stat status {};
  if (folder == nullptr || ::fstat(opened, &status) != 0 || status.st_uid != 0) return Error{Code::Io, "restore.owner"};
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (::fchownat(opened, entry->d_name, owner->user, owner->group, AT_SYMLINK_NOFOLLOW) != 0) {
      return Error{Code::Io, "restore.owner"};
    }
  }
  if (::fchown(opened, owner->user, owner->group) != 0) return Error{Code::Io, "restore.owner"};
  const passwd* entry = ::getpwuid(owner->user);
  return entry == nullptr ? "uid " + std::to_string(owner->user) : std::string(entry->pw_name);
}

}  // namespace claviger::broker
