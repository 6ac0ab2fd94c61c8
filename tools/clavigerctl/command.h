// What a clavigerctl command is: a table entry from which the command line, the help and the shell completions are
// made, and a function that does it.
//
// Commands live in commands/*.cc, one file per noun, gathered by all_commands().
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "tools/clavigerctl/admin_client.h"
#include "tools/clavigerctl/exit_status.h"

namespace claviger::ctl {

enum class OptionKind : std::uint8_t {
  Flag,
  Value,
  List  // may be given several times
};

struct Option {
  std::string_view name;  // "--login"
  std::string_view help;
  OptionKind kind = OptionKind::Value;
  std::vector<std::string_view> choices = {};
  bool is_file = false;  // completed with file names
};

// Positional, in order; the last one may be optional.
struct Operand {
  std::string_view name;  // "LOGIN"
  std::string_view help;
  bool is_required = true;
  std::vector<std::string_view> choices = {};
  bool is_file = false;
  bool is_many = false;  // the last one: one or more
};

class Invocation;

struct Command {
  std::string_view path;  // "user add"
  std::string_view help;
  std::string_view example;
  std::vector<Operand> operands;
  std::vector<Option> options;
  ExitStatus (*run)(Invocation& invocation);
};

const std::vector<Command>& all_commands();
// What "tenant" alone is for: the help of a noun.
std::string_view help_of_noun(std::string_view noun);

// What the command line said. By the names in Option and Operand.
struct Arguments {
  std::map<std::string, std::vector<std::string>, std::less<>> values;
  std::string socket;
  std::string tenant;  // empty: not said
  bool wants_json = false;

  bool has(std::string_view name) const { return values.contains(name); }
  // The first value; empty without one.
  std::string_view get(std::string_view name) const;
  std::vector<std::string> list(std::string_view name) const;
};

// One run of one command.
class Invocation {
 public:
  Invocation(Arguments arguments, AdminClient client) : args(std::move(arguments)), client_(std::move(client)) {}

  const Arguments args;

  AdminClient& client() { return client_; }

  // Asks the daemon; an answer that is not 2xx, or none, is said on standard error and returned as an exit status.
  struct Answer {
    ExitStatus status = ExitStatus::Failed;
    std::string body;
    bool is_ok() const { return status == ExitStatus::Ok; }
  };
  Answer ask(std::string_view method, std::string_view target, std::string_view body = {},
             std::string_view content_type = "application/json");
  // The tenant that was named with --tenant or CLAVIGER_TENANT, or the only one there is. Nothing: said why.
  std::optional<std::string> tenant();
  // `path` below the tenant: "/admin/v1/tenants/alpha/users".
  std::optional<std::string> tenant_target(std::string_view path);
  // What the process ends with: a verb that failed for want of its tenant, as the question for that one did.
  ExitStatus outcome(ExitStatus of_verb) const;
  // With --yes, or after a "y" on the terminal. False: said why not.
  bool is_confirmed(std::string_view question);

  void print(std::string_view text);
  void print_json(std::string_view json);  // with a line feed behind
  void complain(std::string_view text);    // on standard error, with a line feed behind

 private:
  AdminClient client_;
  ExitStatus of_tenant_ = ExitStatus::Ok;
};

// One line for a problem document (RFC 9457) or for whatever else the daemon answered.
std::string problem_text(const HttpAnswer& answer);
// One line for an error of AdminClient::ask.
std::string unreachable_text(const Error& error, const std::string& socket);
// "a b" as one path segment: "a%20b".
std::string path_segment(std::string_view text);

}  // namespace claviger::ctl
