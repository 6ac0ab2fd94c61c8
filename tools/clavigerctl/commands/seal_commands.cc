#include "tools/clavigerctl/commands/commands.h"
#include "tools/clavigerctl/view.h"

namespace claviger::ctl {
namespace {

ExitStatus print_standing(Invocation& invocation, const Invocation::Answer& answer) {
  if (!answer.is_ok()) return answer.status;
  return print_object(invocation, answer.body,
                      {{"data keys", "data_keys"},
                       {"seals now", "data_key"},
                       {"sealed by it since start", "seals"},
                       {"key-encryption key", "key_encryption_key"},
                       {"its name", "key_name"},
                       {"data keys wrapped by a former one (rotate it again)", "wrapped_by_former"},
                       {"former ones kept", "former_keys"},
                       {"their names", "former_key_names"}});
}

ExitStatus status(Invocation& invocation) {
  return print_standing(invocation, invocation.ask("GET", "/admin/v1/sealing"));
}

ExitStatus rotate(Invocation& invocation) {
  const bool is_wrapping_key = invocation.args.has("--key-encryption-key");
  const std::string_view question =
      is_wrapping_key
          ? "Make another key-encryption key? The present one is kept beside it, in a file of today's date: "
            "copies of the store that were made before open with that one alone."
          : "Make another data key? What is written from now on is sealed with it.";
  if (!invocation.is_confirmed(question)) return ExitStatus::Failed;
  return print_standing(invocation,
                        invocation.ask("POST", is_wrapping_key ? "/admin/v1/sealing/key-encryption-key/rotate"
                                                               : "/admin/v1/sealing/data-key/rotate"));
}

}  // namespace

std::vector<Command> seal_commands() {
  return {
      {"seal status", "The data keys and what wraps them", "clavigerctl seal status", {}, {}, status},
      {"seal rotate",
       "Seal with a fresh data key from now on; what lies there stays readable",
       "clavigerctl seal rotate",
       {},
       {{"--key-encryption-key",
         "Wrap all data keys by a fresh key-encryption key instead: a new one in the file, or the last one configured "
         "in the token",
         OptionKind::Flag},
        {"--yes", "Do not ask", OptionKind::Flag}},
       rotate},
  };
}

}  // namespace claviger::ctl
