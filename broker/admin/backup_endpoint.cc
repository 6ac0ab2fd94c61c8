// A copy of the store while it serves: for who keeps it elsewhere. clavigerd --restore starts from it.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>

#include "broker/admin/endpoints.h"
#include "broker/admin/object_reader.h"
#include "core/codec/hex.h"
#include "core/codec/json_writer.h"
#include "core/runtime/offload.h"
#include "storage/data_key_row.h"
#include "storage/rocks/record_look.h"
#include "storage/sealing.h"

namespace claviger::admin {
namespace {

using runtime::Task;

constexpr std::size_t kDirectoryMax = 4000;  // PATH_MAX, with room for the names in it

struct Copied {
  Result<Unit> done = Unit{};
  std::uint64_t bytes = 0;
  std::string why;  // of NotPermitted
  std::set<std::string> key_names;
};

// Which key-encryption keys open it, by name: for people and for whoever looks for the right one of several copies.
Result<Unit> write_key_names(const std::string& directory, const std::set<std::string>& names) {
  std::ofstream file(directory + "/OPENS-WITH.txt");
  file << "This copy of a Claviger store opens with the key-encryption key of this name (the word before the key in "
          "the\n"
          "file key_encryption_key_file; of a key in a PKCS #11 token the first digits of its label's SHA-256):\n";
  for (const std::string& name : names) file << name << "\n";
  file.flush();
  if (!file) return Error{Code::Io, "backup.key_names"};
  return Unit{};
}

// A path that the daemon cannot write to is the usual reason, and says nothing by itself.
std::string why_not_writable(const std::string& directory) {
  const std::string folder = std::filesystem::path(directory).parent_path();
  if (::access(folder.c_str(), W_OK | X_OK) == 0) return {};
  return folder + ": " + std::generic_category().message(errno) +
         " (the daemon's user must be able to write there; under systemd a folder outside of /var/lib/claviger needs "
         "ReadWritePaths= in the unit)";
}

// Of the keys that wrap the data keys in the copy, as in broker/key_fit.h: the store's own may turn meanwhile.
Result<std::set<std::string>> key_names(const std::string& directory) {
  std::set<std::string> names;
  const auto records = storage::rocks::read_records(directory, "data_keys", storage::Sealer::kDataKeysMax);
  if (records.failed_with(Code::NotFound)) return names;  // nothing sealed yet
  if (!records) return records.error();
  for (const storage::rocks::LookedAt& record : *records) {
    CLAVIGER_TRY(row, storage::read_data_key_row(record.key, as_bytes(record.payload)));
    std::string name;
    codec::hex_encode(as_bytes(row.wrapping_key), name);
    names.insert(std::move(name));
  }
  return names;
}

Result<std::set<std::string>> name_keys(const std::string& directory) {
  CLAVIGER_TRY(names, key_names(directory));
  CLAVIGER_TRY(written, write_key_names(directory, names));
  return names;
}

// Whoever moves or deletes data_directory would take the copy along.
bool is_within(const std::string& directory, const std::string& folder) {
  std::error_code failure;
  const auto inner = std::filesystem::weakly_canonical(directory, failure);
  if (failure) return false;
  const auto outer = std::filesystem::weakly_canonical(folder, failure);
  if (failure) return false;
  return std::ranges::mismatch(outer, inner).in1 == outer.end();
}

Copied copy(storage::Store& store, const std::string& directory, const std::string& data_directory) {
  Copied copied;
  std::error_code failure;
  if (is_within(directory, data_directory)) {
    copied.done = Error{Code::NotPermitted, "backup.directory"};
    copied.why = "that is in data_directory: whoever moves or deletes the store takes the copy along";
    return copied;
  }
  if (std::filesystem::exists(directory, failure)) {
    copied.done = Error{Code::Duplicate, "backup.directory"};
    return copied;
  }
  if (!std::filesystem::is_directory(std::filesystem::path(directory).parent_path(), failure)) {
    copied.done = Error{Code::BadValue, "backup.directory"};
    return copied;
  }
  copied.why = why_not_writable(directory);
  if (!copied.why.empty()) {
    copied.done = Error{Code::NotPermitted, "backup.directory"};
    return copied;
  }
  copied.done = store.checkpoint(directory);
  if (!copied.done) return copied;
  auto names = name_keys(directory);
  if (!names) {
    copied.done = names.error();
    return copied;
  }
  copied.key_names = *std::move(names);
  for (std::filesystem::directory_iterator each(directory, failure), end; !failure && each != end;
       each.increment(failure)) {
    const std::uintmax_t size = each->file_size(failure);
    if (!failure) copied.bytes += size;
  }
  return copied;
}

Task<Answer> make(Call* call) {
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  std::string directory;
  ObjectReader members(object);
  members.read("directory", directory).require("directory");
  if (auto wrong = members.wrong()) co_return Answer(Code::BadValue, *wrong);
  if (!directory.starts_with('/') || directory.size() > kDirectoryMax || directory.find('\0') != std::string::npos) {
    co_return Answer(Code::BadValue, "directory: an absolute path, of a folder that is not there yet");
  }
  call->target = directory;
  // All that was acknowledged before is in it; what is committed from now on may be.
  const std::uint64_t sequence = call->context.store.latest_sequence();
  storage::Store* store = &call->context.store;
  auto work = [store, directory, data = call->context.snapshot->settings->data_directory] {
    return copy(*store, directory, data);
  };
  auto copied = co_await runtime::offload(&call->context.work_pool, std::move(work));
  if (!copied) co_return copied.error();
  if (copied->done.failed_with(Code::BadValue)) {
    co_return Answer(Code::BadValue, "directory: the folder that it would be in is not there");
  }
  if (copied->done.failed_with(Code::NotPermitted)) co_return Answer(Code::BadValue, "directory: " + copied->why);
  if (!copied->done) co_return copied->done.error();
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().member("directory", directory).member("sequence", sequence).member("bytes", copied->bytes);
  json.name("key_encryption_keys").begin_array();
  for (const std::string& name : copied->key_names) json.value(name);
  json.end_array().end_object();
  co_return Answer(std::move(text));
}

}  // namespace

void add_backup_verbs(http::Router& router, AdminServices& services) {
  add_verb(router, services, {http::Method::Post, "/backup", "backup.make", Effect::Changes, make});
}

}  // namespace claviger::admin
