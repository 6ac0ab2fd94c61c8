#include "tools/clavigerctl/completion.h"

#include <map>
#include <set>

namespace claviger::ctl {
namespace {

constexpr std::string_view kGlobalOptions = "--socket --tenant --json --help";

std::string joined(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

// For a single-quoted string of any of the three shells.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char character : text) {
    if (character == '\'') out += "'\\''";
    else out += character;
  }
  return out + "'";
}

std::string option_names(const Command& command) {
  std::string names(kGlobalOptions);
  for (const Option& option : command.options) names.append(" ").append(option.name);
  return names;
}

// What may stand after a path such as "" or "user": the next words.
std::map<std::string, std::set<std::string>> words_by_prefix(const std::vector<Command>& commands) {
  std::map<std::string, std::set<std::string>> words;
  for (const Command& command : commands) {
    const std::size_t blank = command.path.find(' ');
    words[""].insert(std::string(command.path.substr(0, blank)));
    if (blank != std::string_view::npos) {
      words[std::string(command.path.substr(0, blank))].insert(std::string(command.path.substr(blank + 1)));
    }
  }
  return words;
}
std::string joined(const std::set<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

}  // namespace

std::string bash_completion(const std::vector<Command>& commands) {
  std::string out =
      "# bash completion of clavigerctl; made by: clavigerctl completion bash\n"
      "_clavigerctl() {\n"
      "  local word=\"${COMP_WORDS[COMP_CWORD]}\" before=\"${COMP_WORDS[COMP_CWORD-1]}\" path=\"\" i\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case \"${COMP_WORDS[i]}\" in\n"
      "      --socket|--tenant) ((i++)) ;;\n"
      "      -*) ;;\n"
      "      *) case \" $path\" in *' '*' '*) ;; *) path=\"${path:+$path }${COMP_WORDS[i]}\" ;; esac ;;\n"
      "    esac\n"
      "  done\n"
      "  COMPREPLY=()\n"
      "  local choices=\"\"\n"
      "  [[ $before == --socket ]] && { mapfile -t COMPREPLY < <(compgen -f -- \"$word\"); return; }\n"
      "  case \"$path:$before\" in\n";
  for (const Command& command : commands) {
    for (const Option& option : command.options) {
      const std::string at = quoted(command.path) + "*:" + std::string(option.name) + ")";
      if (option.is_file) out += "    " + at + " mapfile -t COMPREPLY < <(compgen -f -- \"$word\"); return ;;\n";
      if (!option.choices.empty()) out += "    " + at + " choices=" + quoted(joined(option.choices)) + " ;;\n";
    }
  }
  out += "  esac\n  if [[ -z $choices ]]; then\n  case \"$path\" in\n";
  for (const auto& [prefix, words] : words_by_prefix(commands)) {
    out += "    " + quoted(prefix) + ") choices=" + quoted(joined(words) + (prefix.empty() ? " --socket --tenant --json --help --version" : "")) + " ;;\n";
  }
  for (const Command& command : commands) {
    std::string choices = option_names(command);
    bool takes_file = false;
    for (const Operand& operand : command.operands) {
      if (!operand.choices.empty()) choices += " " + joined(operand.choices);
      takes_file = takes_file || operand.is_file;
    }
    out += "    " + quoted(command.path) + "*) choices=" + quoted(choices);
    if (takes_file) out += "; mapfile -t COMPREPLY < <(compgen -f -- \"$word\")";
    out += " ;;\n";
  }
  out +=
      "  esac\n  fi\n"
      "  mapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY < <(compgen -W \"$choices\" -- \"$word\")\n"
      "}\n"
      "complete -F _clavigerctl clavigerctl\n";
  return out;
}

std::string zsh_completion(const std::vector<Command>& commands) {
  std::string out =
      "#compdef clavigerctl\n"
      "# zsh completion of clavigerctl; made by: clavigerctl completion zsh\n"
      "local -a said choices\n"
      "local i\n"
      "for ((i = 2; i < CURRENT; i++)); do\n"
      "  case $words[i] in\n"
      "    --socket|--tenant) ((i++)) ;;\n"
      "    -*) ;;\n"
      "    *) (( $#said < 2 )) && said+=($words[i]) ;;\n"
      "  esac\n"
      "done\n"
      "if [[ $words[CURRENT-1] == --socket ]]; then _files; return; fi\n"
      "case \"$said:$words[CURRENT-1]\" in\n";
  for (const Command& command : commands) {
    for (const Option& option : command.options) {
      const std::string at = "  " + quoted(command.path) + "*:" + std::string(option.name) + ")";
      if (option.is_file) out += at + " _files; return ;;\n";
      if (!option.choices.empty()) out += at + " compadd " + joined(option.choices) + "; return ;;\n";
    }
  }
  out += "esac\ncase \"$said\" in\n";
  for (const auto& [prefix, words] : words_by_prefix(commands)) {
    out += "  " + quoted(prefix) + ") choices=(" + joined(words) + ") ;;\n";
  }
  for (const Command& command : commands) {
    std::string choices = option_names(command);
    bool takes_file = false;
    for (const Operand& operand : command.operands) {
      if (!operand.choices.empty()) choices += " " + joined(operand.choices);
      takes_file = takes_file || operand.is_file;
    }
    out += "  " + quoted(command.path) + "*) choices=(" + choices + ")";
    if (takes_file) out += "; _files";
    out += " ;;\n";
  }
  out += "esac\ncompadd -- $choices\n";
  return out;
}

std::string fish_completion(const std::vector<Command>& commands) {
  std::string out =
      "# fish completion of clavigerctl; made by: clavigerctl completion fish\n"
      "complete -c clavigerctl -f\n"
      "complete -c clavigerctl -l json -d 'Print what the daemon answers, for programs'\n"
      "complete -c clavigerctl -l tenant -r -d 'The tenant'\n"
      "complete -c clavigerctl -l socket -r -F -d 'The admin socket'\n";
  const auto words = words_by_prefix(commands);
  for (const std::string& word : words.at("")) {
    std::string help(help_of_noun(word));
    for (const Command& command : commands) {
      if (command.path == word) help = command.help;
    }
    out += "complete -c clavigerctl -n __fish_use_subcommand -a " + word + " -d " + quoted(help) + "\n";
  }
  for (const Command& command : commands) {
    const std::size_t blank = command.path.find(' ');
    const std::string noun(command.path.substr(0, blank));
    std::string when = "__fish_seen_subcommand_from " + noun;
    if (blank != std::string_view::npos) {
      const std::string verb(command.path.substr(blank + 1));
      out += "complete -c clavigerctl -n " +
             quoted(when + "; and not __fish_seen_subcommand_from " + joined(words.at(noun))) + " -a " + verb + " -d " +
             quoted(command.help) + "\n";
      when += "; and __fish_seen_subcommand_from " + verb;
    }
    const std::string begin = "complete -c clavigerctl -n " + quoted(when);
    for (const Option& option : command.options) {
      out += begin + " -l " + std::string(option.name.substr(2));
      if (option.kind != OptionKind::Flag) out += option.is_file ? " -r -F" : " -r";
      if (!option.choices.empty()) out += " -a " + quoted(joined(option.choices));
      out += " -d " + quoted(option.help) + "\n";
    }
    for (const Operand& operand : command.operands) {
      if (!operand.choices.empty()) out += begin + " -a " + quoted(joined(operand.choices)) + "\n";
      if (operand.is_file) out += begin + " -F\n";
    }
  }
  return out;
}

}  // namespace claviger::ctl
