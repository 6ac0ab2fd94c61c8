#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "tools/clavigerctl/commands/commands.h"
#include "tools/clavigerctl/export/user_rows.h"
#include "tools/clavigerctl/import/interruption.h"
#include "tools/clavigerctl/import/user_import.h"
#include "tools/clavigerctl/progress_bar.h"
#include "tools/clavigerctl/table.h"
#include "tools/clavigerctl/terminal.h"

namespace claviger::ctl {
namespace {

// An overloaded daemon is asked again after 0.1, 0.2, 0.4 ... 3.2 s, then for half a minute more.
constexpr int kTriesMax = 14;
constexpr Milliseconds kFirstWait{100};
constexpr Milliseconds kLongestWait{3200};
constexpr std::uint64_t kExportPage = 200;

std::optional<ImportFormat> format_for(Invocation& invocation, std::string_view file) {
  const std::string_view said = invocation.args.get("--format");
  if (said == "csv") return ImportFormat::Csv;
  if (said == "ndjson") return ImportFormat::Ndjson;
  auto format = format_of(file);
  if (!format) invocation.complain("neither .csv nor .ndjson: say which with --format");
  return format;
}

Result<HttpAnswer> send_patiently(AdminClient& client, const std::string& target, const std::string& body,
                                  const Interruption& interruption) {
  Milliseconds wait = kFirstWait;
  for (int tries = 1;; ++tries) {
    auto answer = client.ask("POST", target, body, "application/x-ndjson");
    const bool is_busy = answer && exit_status_of(answer->status) == ExitStatus::TryAgain;
    // A batch may be sent again whatever became of it: what is there already stays as it is.
    const bool is_broken = !answer && answer.error().code == Code::PeerClosed;
    if ((!is_busy && !is_broken) || tries == kTriesMax || interruption.flag().load()) return answer;
    interruption.wait(wait);
    wait = std::min(wait * 2, kLongestWait);
  }
}

// Progress on standard error, so that standard output stays a program's.
class ProgressLine {
 public:
  ProgressLine(std::string what, bool is_wanted, Progress at_start)
      : is_wanted_(is_wanted),
        bar_(std::move(what), is_terminal(STDERR_FILENO), terminal_columns(), std::chrono::steady_clock::now(), at_start) {}

  void show(const Progress& progress) {
    last_ = progress;
    if (is_wanted_) write(bar_.draw(progress, std::chrono::steady_clock::now()));
  }
  void finish() {
    if (is_wanted_) write(bar_.finish(last_, std::chrono::steady_clock::now()));
  }
  // A line above the bar.
  void say(const std::string& line) {
    if (is_wanted_ && is_terminal(STDERR_FILENO)) write("\r\x1b[K");
    write(line + "\n");
  }

 private:
  static void write(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stderr); }
  bool is_wanted_;
  ProgressBar bar_;
  Progress last_;
};

std::size_t connections_of(Invocation& invocation) {
  const int said = std::atoi(std::string(invocation.args.get("--connections")).c_str());
  return said <= 0 ? 4 : std::min(static_cast<std::size_t>(said), kConnectionsMax);
}

// Where an import begins, and where it writes down how far it is.
struct Beginning {
  ImportState state;
  std::string state_file;  // empty: none
};

std::optional<Beginning> beginning_of(Invocation& invocation, const std::string& file, const std::string& tenant,
                                      const ImportReader& reader) {
  Beginning beginning;
  beginning.state.tenant = tenant;
  if (file == "-" || !reader.size()) return beginning;
  const auto digest = digest_of_beginning(file);
  if (!digest) {
    invocation.complain(file + " cannot be read");
    return std::nullopt;
  }
  beginning.state.input_digest = *digest;
  beginning.state.input_bytes = *reader.size();
  beginning.state_file = invocation.args.has("--resume-from") ? std::string(invocation.args.get("--resume-from"))
                                                              : file + ".import-state";
  if (invocation.args.has("--restart")) return beginning;
  const auto saved = load_import_state(beginning.state_file);
  if (!saved || (*saved && !(*saved)->is_of_same_input(beginning.state))) {
    invocation.complain(beginning.state_file + " is of another input or damaged: --restart begins from the first line");
    return std::nullopt;
  }
  if (*saved) beginning.state = **saved;
  return beginning;
}

// What is imported, and to where.
struct ImportKind {
  std::string_view noun;        // "users"
  std::string_view collection;  // "/user-import"
  const ImportColumns& columns;
};

ExitStatus print_summary(Invocation& invocation, const ImportKind& kind, const ImportSummary& summary,
                         const ImportState& state) {
  std::string json = "{\"good\":" + std::to_string(state.good) + ",\"bad\":" + std::to_string(state.bad) +
                     ",\"created\":" + std::to_string(summary.created) + ",\"updated\":" + std::to_string(summary.updated) +
                     ",\"complete\":" + (summary.stopped_by.empty() && !summary.is_interrupted ? "true" : "false") + "}";
  if (invocation.args.wants_json) invocation.print_json(json);
  else {
    invocation.print(std::to_string(state.good) + " good lines (" + std::to_string(summary.created) + " " + std::string(kind.noun) + " created, " +
                     std::to_string(summary.updated) + " updated now), " + std::to_string(state.bad) + " bad lines\n");
  }
  if (!summary.stopped_by.empty()) {
    if (summary.refusal.status != 0) {
      invocation.complain(problem_text(summary.refusal));
      return exit_status_of(summary.refusal.status);
    }
    invocation.complain("stopped: " + summary.stopped_by);
    return summary.is_unreachable ? ExitStatus::Unreachable : ExitStatus::Failed;
  }
  return state.bad > 0 || summary.is_interrupted ? ExitStatus::Failed : ExitStatus::Ok;
}

ExitStatus import_file(Invocation& invocation, const ImportKind& kind) {
  const std::string file(invocation.args.get("FILE"));
  const auto format = format_for(invocation, file);
  if (!format) return ExitStatus::Usage;
  auto source = open_file(file);
  if (!source) {
    invocation.complain(file + " cannot be read");
    return ExitStatus::Usage;
  }
  const auto tenant = invocation.tenant();
  if (!tenant) return ExitStatus::Failed;
  const std::string target = "/admin/v1/tenants/" + path_segment(*tenant) + std::string(kind.collection);

  ImportReader reader(*std::move(source), *format, kind.columns);
  const auto header = reader.start();
  if (!header || !header->empty()) {
    invocation.complain(file + ":1: " + (header ? *header : std::string("cannot be read")));
    return ExitStatus::Failed;
  }
  const auto beginning = beginning_of(invocation, file, *tenant, reader);
  if (!beginning) return ExitStatus::Usage;
  ImportState state = beginning->state;
  if (state.offset > 0) {
    if (!reader.resume(state.offset, state.line)) {
      invocation.complain(file + " cannot be resumed");
      return ExitStatus::Failed;
    }
    invocation.complain("going on at line " + std::to_string(state.line) + " (--restart begins anew)");
  }

  const Interruption interruption;
  std::vector<AdminClient> clients;
  const std::size_t connections = connections_of(invocation);
  for (std::size_t i = 0; i < connections; ++i) clients.emplace_back(invocation.client().socket_path());
  ProgressLine line(std::string(kind.noun), !invocation.args.has("--quiet"), {state.offset, reader.size(), state.good});

  ImportHooks hooks;
  hooks.interrupted = &interruption.flag();
  hooks.send = [&](std::size_t connection, const std::string& body) {
    return send_patiently(clients[connection], target, body, interruption);
  };
  hooks.on_bad = [&](std::uint64_t number, const std::string& reason) {
    line.say(file + ":" + std::to_string(number) + ": " + printable(reason));
  };
  hooks.on_progress = [&](const ImportState& reached) {
    state = reached;
    if (!beginning->state_file.empty() && !save_import_state(beginning->state_file, reached)) {
      line.say("clavigerctl: " + beginning->state_file + " cannot be written: this import cannot be resumed");
    }
    line.show({reached.offset, reader.size(), reached.good});
  };
  const ImportSummary summary = import_users(reader, state, connections, hooks);
  line.finish();
  const bool is_complete = summary.stopped_by.empty() && !summary.is_interrupted;
  if (is_complete && !beginning->state_file.empty()) remove_import_state(beginning->state_file);
  if (!is_complete && !beginning->state_file.empty()) invocation.complain("the same command goes on where this one stopped");
  return print_summary(invocation, kind, summary, state);
}

ExitStatus import_user_file(Invocation& invocation) {
  return import_file(invocation, {"users", "/user-import", user_import_columns()});
}
ExitStatus import_subscriber_file(Invocation& invocation) {
  return import_file(invocation, {"subscribers", "/subscriber-import", subscriber_import_columns()});
}

// A new file that only its owner may read: it may hold password hashes.
class ExportFile {
 public:
  explicit ExportFile(std::string name) : name_(std::move(name)) {
    file_ = name_ == "-" ? STDOUT_FILENO
                         : ::open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  }
  ExportFile(const ExportFile&) = delete;
  ExportFile& operator=(const ExportFile&) = delete;
  ~ExportFile() {
    if (file_ >= 0 && name_ != "-") ::close(file_);
  }
  bool is_open() const { return file_ >= 0; }
  bool write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = ::write(file_, text.data(), text.size());
      if (count < 0) return false;
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  bool is_durable() { return name_ == "-" || ::fsync(file_) == 0; }

 private:
  std::string name_;
  int file_ = -1;
};

ExitStatus export_file(Invocation& invocation) {
  const std::string name(invocation.args.get("FILE"));
  const auto format = format_for(invocation, name);
  if (!format) return ExitStatus::Usage;
  const auto target = invocation.tenant_target("/user-export");
  if (!target) return ExitStatus::Failed;
  ExportFile file(name);
  if (!file.is_open()) {
    invocation.complain(name + " cannot be made: is it there already?");
    return ExitStatus::Usage;
  }
  const Interruption interruption;
  ProgressLine line("users", !invocation.args.has("--quiet") && name != "-", {});
  bool is_written = file.write(export_header(*format));
  std::string after;
  std::uint64_t users = 0;
  for (bool is_last = false; !is_last && is_written;) {
    if (interruption.flag().load()) {
      invocation.complain("interrupted: " + name + " is not complete");
      return ExitStatus::Failed;
    }
    std::string query = "?limit=" + std::to_string(kExportPage);
    if (invocation.args.has("--with-password-hashes")) query += "&password_hashes=true";
    if (!after.empty()) query += "&after=" + path_segment(after);
    const auto answer = invocation.ask("GET", *target + query);
    if (!answer.is_ok()) return answer.status;
    const auto page = export_page(answer.body, *format);
    if (!page || (!page->next.empty() && page->next == after)) {
      invocation.complain("the daemon's answer is malformed");
      return ExitStatus::Failed;
    }
    is_written = file.write(page->text);
    users += page->users;
    after = page->next;
    is_last = after.empty();
    line.show({is_last ? 1'000'000 : progress_of_cursor(after), 1'000'000, users});
  }
  if (!is_written || !file.is_durable()) {
    invocation.complain(name + " cannot be written");
    return ExitStatus::Failed;
  }
  line.finish();
  if (name == "-") return ExitStatus::Ok;
  if (invocation.args.wants_json) invocation.print_json("{\"users\":" + std::to_string(users) + "}");
  else invocation.print(std::to_string(users) + " users in " + name + "\n");
  return ExitStatus::Ok;
}

}  // namespace

std::vector<Command> transfer_commands() {
  const Option format{"--format", "What the file holds, when its name does not say", OptionKind::Value, {"csv", "ndjson"}};
  const Option quiet{"--quiet", "No progress", OptionKind::Flag};
  const std::vector<Option> how{format,
                                {"--connections", "Batches in flight, 1 to 16 (4)"},
                                {"--resume-from", "The state file (FILE.import-state)", OptionKind::Value, {}, true},
                                {"--restart", "From the first line, whatever an earlier run reached", OptionKind::Flag},
                                quiet};
  return {
      {"user import",
       "Add or update users from a CSV or NDJSON file. Names each bad line and takes all others. The same command again "
       "goes on after an interruption. Members: login display_name password password_hash enabled mc_id mcptt_id "
       "mcvideo_id mcdata_id scopes val_user_ids",
       "clavigerctl user import people.csv",
       {{"FILE", "The file; - is standard input", true, {}, true}},
       how,
       import_user_file},
      {"subscriber import",
       "Add or update subscribers of the SIP database from a CSV or NDJSON file; as user import. Keys as hexadecimal "
       "digits: guard the file. Members: impi impus algorithm k opc op topc top amf sqn ind_bits response_bytes "
       "iterations enabled serves_unregistered visited_networks",
       "clavigerctl subscriber import subscribers.csv",
       {{"FILE", "The file; - is standard input", true, {}, true}},
       how,
       import_subscriber_file},
      {"user export", "Write all users to a new file that `user import` reads", "clavigerctl user export people.ndjson",
       {{"FILE", "The file; - is standard output", true, {}, true}},
       {format, {"--with-password-hashes", "The hashes, too: guard the file", OptionKind::Flag}, quiet},
       export_file},
  };
}

}  // namespace claviger::ctl
