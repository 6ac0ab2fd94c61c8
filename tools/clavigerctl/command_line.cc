#include "tools/clavigerctl/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <deque>

namespace claviger::ctl {
namespace {

// What CLI11 writes into while it parses; a deque, because it keeps references.
struct Slot {
  std::string name;
  std::vector<std::string> values;
  bool flag = false;
};

struct Bound {
  CLI::App* app;
  const Command* command;
  std::deque<Slot> slots;
};

// Words behind "--" are operands, whatever they look like; to CLI11 they are only while an operand is missing that must be
// there. So the sign goes, and these words are marked with what none begins with.
constexpr char kOperandMark = '\x01';

std::vector<std::string> marked_words(int argc, const char* const* argv) {
  std::vector<std::string> words;
  bool are_operands = false;
  for (int i = 0; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (!are_operands && i > 0 && word == "--") {
      are_operands = true;
      continue;
    }
    words.push_back((are_operands ? std::string(1, kOperandMark) : std::string()) + std::string(word));
  }
  return words;
}

std::string unmarked(const std::string& word) { return word.starts_with(kOperandMark) ? word.substr(1) : word; }

void add_choices(CLI::Option* option, const std::vector<std::string_view>& choices) {
  if (choices.empty()) return;
  const CLI::IsMember members(std::vector<std::string>(choices.begin(), choices.end()));
  const auto check = [members](const std::string& word) { return members(unmarked(word)); };
  option->check(check, members.get_description());
}

void bind_operand(Bound& bound, const Operand& operand) {
  Slot& slot = bound.slots.emplace_back(Slot{std::string(operand.name), {}, false});
  CLI::Option* option = bound.app->add_option(slot.name, slot.values, std::string(operand.help));
  option->type_name("");
  if (operand.is_many)
    option->expected(operand.is_required ? 1 : 0, 64);
  else
    option->expected(operand.is_required ? 1 : 0, 1);
  // Or it takes the next one's, too.
  if (operand.is_required && !operand.is_many) option->allow_extra_args(false);
  if (operand.is_required) option->required();
  add_choices(option, operand.choices);
}

void bind_option(Bound& bound, const Option& option) {
  Slot& slot = bound.slots.emplace_back(Slot{std::string(option.name), {}, false});
  if (option.kind == OptionKind::Flag) {
    bound.app->add_flag(slot.name, slot.flag, std::string(option.help));
    return;
  }
  CLI::Option* added = bound.app->add_option(slot.name, slot.values, std::string(option.help));
  added->type_name(option.is_file ? "FILE" : "TEXT")->allow_extra_args(false);
  if (option.kind == OptionKind::List)
    added->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  else
    added->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::Throw);
  add_choices(added, option.choices);
}

CLI::App* app_of_path(CLI::App& root, std::string_view path) {
  CLI::App* app = &root;
  const std::string_view whole = path;
  for (;;) {  // bounded: by the words of a path of ours
    const std::size_t blank = path.find(' ');
    const std::string word(path.substr(0, blank));
    CLI::App* next = nullptr;
    for (CLI::App* child : app->get_subcommands([&word](CLI::App* one) { return one->get_name() == word; }))
      next = child;
    if (next == nullptr) {
      const std::string_view so_far = whole.substr(0, whole.size() - path.size() + word.size());
      next = app->add_subcommand(word, std::string(help_of_noun(so_far)));
      if (blank != std::string_view::npos) next->require_subcommand(1);
    }
    app = next;
    if (blank == std::string_view::npos) return app;
    path.remove_prefix(blank + 1);
  }
}

}  // namespace

CommandLine read_command_line(int argc, const char* const* argv, const std::vector<Command>& commands,
                              const char* environment_socket, const char* environment_tenant) {
  CommandLine result;
  CLI::App root("Operates a running clavigerd over its admin socket.", "clavigerctl");
  root.require_subcommand(1);
  root.fallthrough();
  root.footer(std::string(kExitStatusHelp));
  result.arguments.socket = environment_socket != nullptr ? environment_socket : kDefaultSocket;
  result.arguments.tenant = environment_tenant != nullptr ? environment_tenant : "";
  root.add_option("--socket", result.arguments.socket, "The admin socket (CLAVIGER_ADMIN_SOCKET)")->type_name("FILE");
  root.add_option("--tenant", result.arguments.tenant, "The tenant (CLAVIGER_TENANT; the only one there is)");
  root.add_flag("--json", result.arguments.wants_json, "Print what the daemon answers, for programs");
  root.set_version_flag("--version", "clavigerctl " CLAVIGER_VERSION);

  std::deque<Bound> all;
  for (const Command& command : commands) {
    Bound& bound = all.emplace_back(Bound{app_of_path(root, command.path), &command, {}});
    bound.app->description(std::string(command.help));
    bound.app->footer("Example:\n  " + std::string(command.example));
    bound.app->fallthrough();
    for (const Operand& operand : command.operands) bind_operand(bound, operand);
    for (const Option& option : command.options) bind_option(bound, option);
  }
  const std::vector<std::string> words = marked_words(argc, argv);
  std::vector<const char*> parsed;
  for (const std::string& word : words) parsed.push_back(word.c_str());
  try {
    root.parse(static_cast<int>(parsed.size()), parsed.data());
  } catch (const CLI::ParseError& error) {
    const bool is_help = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success);
    // A misspelled verb is told as that; CLI11 would only say that one is missing.
    const std::vector<std::string> unknown = root.remaining(true);
    if (error.get_name() == "RequiredError" && !unknown.empty()) {
      std::fprintf(
          stderr, "there is no \"%s\" here\nRun with --help for more information.%s\n",
          unmarked(unknown.front()).c_str(),
          unknown.front().starts_with('-') ? " A name that begins with a hyphen comes last, behind \"--\"." : "");
    } else if (!is_help) {
      std::string why = error.what();
      std::erase(why, kOperandMark);
      std::fprintf(stderr, "%s\nRun with --help for more information.\n", why.c_str());
    } else {
      root.exit(error);
    }
    result.status = is_help ? ExitStatus::Ok : ExitStatus::Usage;
    return result;
  }
  for (Bound& bound : all) {
    if (!bound.app->parsed() || !bound.app->get_subcommands().empty()) continue;
    result.command = bound.command;
    for (Slot& slot : bound.slots) {
      for (std::string& value : slot.values) value = unmarked(value);
      if (slot.flag || !slot.values.empty()) result.arguments.values[slot.name] = std::move(slot.values);
    }
  }
  return result;
}

}  // namespace claviger::ctl
