#include <filesystem>

#include "core/codec/json_writer.h"
#include "tools/clavigerctl/commands/commands.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

ExitStatus make(Invocation& invocation) {
  std::error_code failure;
  const auto directory = std::filesystem::absolute(std::string(invocation.args.get("DIRECTORY")), failure);
  if (failure) {
    invocation.complain("DIRECTORY: " + failure.message());
    return ExitStatus::Usage;
  }
  std::string body;
  codec::JsonWriter json(body);
  json.begin_object().member("directory", directory.string()).end_object();
  const auto answer = invocation.ask("POST", "/admin/v1/backup", body);
  if (!answer.is_ok()) return answer.status;
  return print_object(invocation, answer.body,
                      {{"directory", "directory"},
                       {"last commit", "sequence"},
                       {"size", "bytes", Show::Bytes},
                       {"opens with key", "key_encryption_keys"}});
}

}  // namespace

std::vector<Command> backup_commands() {
  return {
      {"backup",
       "Copy the store, while it serves, into a new folder of the daemon's machine; clavigerd --restore starts from it",
       "clavigerctl backup /var/lib/claviger/backup-monday",
       {{"DIRECTORY",
         "Must not exist, the daemon must be able to write beside it; on the store's file system files are shared, "
         "elsewhere copied: copy it to another machine, with configuration, certificates and audit log, which are not "
         "in it; its key-encryption key goes elsewhere",
         true}},
       {},
       make}};
}

}  // namespace claviger::ctl
