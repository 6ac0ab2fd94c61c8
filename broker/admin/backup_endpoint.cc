// A copy of the store while it serves: for who keeps it elsewhere. clavigerd --restore starts from it.
#include <filesystem>
#include <memory>

#include "broker/admin/endpoints.h"
#include "broker/admin/object_reader.h"
#include "core/codec/json_writer.h"
#include "core/runtime/offload.h"

namespace claviger::admin {
namespace {

using runtime::Task;

constexpr std::size_t kDirectoryMax = 4000;  // PATH_MAX, with room for the names in it

struct Copied {
  Result<Unit> done = Unit{};
  std::uint64_t bytes = 0;
};

Copied copy(storage::Store& store, const std::string& directory) {
  Copied copied;
  std::error_code failure;
  if (std::filesystem::exists(directory, failure)) {
    copied.done = Error{Code::Duplicate, "backup.directory"};
    return copied;
  }
  if (!std::filesystem::is_directory(std::filesystem::path(directory).parent_path(), failure)) {
    copied.done = Error{Code::BadValue, "backup.directory"};
    return copied;
  }
  copied.done = store.checkpoint(directory);
  if (!copied.done) return copied;
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
  auto work = [store, directory] { return copy(*store, directory); };
  auto copied = co_await runtime::offload(&call->context.work_pool, std::move(work));
  if (!copied) co_return copied.error();
  if (copied->done.failed_with(Code::BadValue)) {
    co_return Answer(Code::BadValue, "directory: the folder that it would be in is not there");
  }
  if (!copied->done) co_return copied->done.error();
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().member("directory", directory).member("sequence", sequence).member("bytes", copied->bytes);
  json.end_object();
  co_return Answer(std::move(text));
}

}  // namespace

void add_backup_verbs(http::Router& router, AdminServices& services) {
  add_verb(router, services, {http::Method::Post, "/backup", "backup.make", Effect::Changes, make});
}

}  // namespace claviger::admin
