#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <thread>

#include "core/codec/line_diff.h"
#include "core/http/url.h"
#include "tools/claviger-ue/commands/commands.h"
#include "tools/claviger-ue/config_client.h"

namespace claviger::ue {
namespace {

struct Wanted {
  std::string root;
  std::string service = "mcptt";
  std::string document;
  std::string file;
  int index = -1;
  int changes = 0;  // 0: without end
  int seconds = 0;  // 0: without end
  int poll = 60;
  bool is_offline = false;
};

// A proxy in between ends what is silent for longer.
constexpr int kPollMax = 300;
// A server that is away is asked again after this.
constexpr std::chrono::seconds kPause{2};

Result<Unit> take_root(Account& account, const Wanted& wanted) {
  if (wanted.root.empty()) {
    if (!account.setting("xcap_root").empty()) return Unit{};
    account.journal().complain("--xcap-root is needed once: the server's, as the UE's configuration has it");
    return Error{Code::NotFound, "profile.xcap_root"};
  }
  CLAVIGER_TRY(url, http::parse_url(wanted.root));
  if (!url.is_https) return Error{Code::BadValue, "profile.xcap_root"};
  return account.vault().put_text("account/xcap_root", wanted.root);
}

Result<Unit> write_out(Account& account, const Wanted& wanted, const ProfileDocument& document) {
  if (wanted.file.empty()) {
    account.journal().result(document.text);
    return Unit{};
  }
  std::ofstream file(wanted.file, std::ios::binary | std::ios::trunc);
  file << document.text;
  file.close();
  if (!file) return Error{Code::Io, "profile.file"};
  return Unit{};
}

Result<std::vector<std::string>> wanted_paths(ConfigClient& client, const Wanted& wanted) {
  if (!wanted.document.empty()) return std::vector<std::string>{wanted.document};
  if (wanted.index >= 0)
    return std::vector<std::string>{client.path_of(wanted.service, static_cast<unsigned>(wanted.index))};
  if (wanted.is_offline) return client.kept_paths();
  CLAVIGER_TRY(paths, client.directory());
  return paths;
}

// Steps 1 to 3 of TS 23.280 clause 10.1.4.3.
Result<Unit> get(Account& account, const Wanted& wanted) {
  Journal& journal = account.journal();
  if (wanted.file.empty()) journal.hush();
  ConfigClient client(account);
  CLAVIGER_TRY(root, take_root(account, wanted));
  CLAVIGER_TRY(paths, wanted_paths(client, wanted));
  if (paths.empty() || (paths.size() > 1 && !wanted.file.empty())) {
    journal.complain(paths.empty() ? "there is no document of his"
                                   : "several documents: --index or --document says which");
    return Error{Code::NotFound, "profile.documents"};
  }
  for (const std::string& path : paths) {
    auto document = client.kept(path);
    if (!wanted.is_offline) {
      auto fetched = client.fetch(path);
      if (!fetched) return fetched.error();
      if (*fetched) {
        document = **std::move(fetched);
        CLAVIGER_TRY(kept, client.keep(*document));
        journal.step(path + ": fetched, entity tag " + document->etag);
      } else {
        journal.step(path + ": as it is kept, entity tag " + document->etag);
      }
    }
    if (!document) return Error{Code::NotFound, "profile.kept"};
    CLAVIGER_TRY(written, write_out(account, wanted, *document));
  }
  return account.vault().save();
}

// What one round of watching needs once the vault is closed again.
struct Question {
  std::string url;
  SecretBytes token;
  std::string ca;
};

Result<Question> next_question(const Options& options, Journal& journal, Bytes password, int seconds) {
  CLAVIGER_TRY(account, Account::open(options, journal, password));
  ConfigClient client(account);
  Question question;
  question.url = client.changes_url(seconds);
  if (question.url.empty()) return Error{Code::ProfileUnknown, "profile.watch"};
  CLAVIGER_TRY(token, account.access_token());
  question.token = std::move(token);
  question.ca = account.setting("ca");
  return question;
}

Result<http::ClientResponse> ask(Web& web, const Question& question, int seconds) {
  http::ClientRequest request(http::Method::Get, question.url);
  request.timeout = Milliseconds(1000) * (seconds + 15);
  std::string bearer = "Bearer ";
  bearer.reserve(bearer.size() + question.token.size());
  bearer += as_text(question.token.reveal());
  request.with("authorization", std::move(bearer));
  return web.send(std::move(request));
}

// The server or the way to it is away, which is no end.
bool is_passing(const Error& error) {
  return error.code == Code::Unreachable || error.code == Code::DeadlinePassed || error.code == Code::PeerClosed ||
         error.code == Code::Closed;
}

// Steps 3 and 4 of clause 10.1.4.4: the notification pointed at it, identity and credential open it.
Result<Unit> take_up(const Options& options, Journal& journal, Bytes password,
                     const std::vector<DocumentChange>& changes) {
  CLAVIGER_TRY(account, Account::open(options, journal, password));
  ConfigClient client(account);
  for (const DocumentChange& change : changes) {
    const auto before = client.kept(change.path);
    if (!before) continue;  // forgotten meanwhile
    std::string told = "--- " + change.path + " " + before->etag + "\n";
    if (change.new_etag.empty()) {
      client.forget(change.path);
      journal.result(told + "deleted");
      continue;
    }
    const auto after = client.fetch(change.path);
    if (after.failed_with(Code::NotFound)) continue;  // it went meanwhile, and that is told next
    if (!after) {
      // What was printed is not printed again.
      CLAVIGER_TRY(saved, account.vault().save());
      return after.error();
    }
    if (!*after) continue;  // another client of his fetched it for us
    const ProfileDocument& fresh = **after;
    told += "+++ " + change.path + " " + fresh.etag + "\n" + codec::line_diff(before->text, fresh.text);
    if (told.ends_with('\n')) told.pop_back();
    CLAVIGER_TRY(kept, client.keep(fresh));
    journal.result(told);
  }
  return account.vault().save();
}

// The vault is open only while something is taken out of it or put into it: sign-off and the other commands have it
// meanwhile, and a watch that finds it gone ends.
void watch(CommandLine& line, const Wanted& wanted) {
  Journal journal(line.options.is_quiet);
  const auto fail = [&](std::string_view text) {
    journal.complain(text);
    line.status = 1;
  };
  auto password = ask_secret("CLAVIGER_UE_PASSWORD", "Password of " + line.options.user + ": ");
  if (!password) return fail("no password");
  const auto began = std::chrono::steady_clock::now();
  std::unique_ptr<Web> web;
  bool is_first = true, was_refused = false;
  for (int seen = 0; wanted.changes == 0 || seen < wanted.changes;) {
    int seconds = std::clamp(wanted.poll, 1, kPollMax);
    if (wanted.seconds > 0) {
      const auto gone = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - began);
      const int left = wanted.seconds - static_cast<int>(gone.count());
      if (left <= 0) return;
      seconds = std::min(seconds, left);
    }
    const auto question = next_question(line.options, journal, password->reveal(), seconds);
    if (question.failed_with(Code::NotFound)) {
      if (is_first) return fail(line.options.user + " is not signed in here: claviger-ue sign-in");
      return journal.result("signed off: watching ends");
    }
    if (question.failed_with(Code::ProfileUnknown)) {
      return fail("nothing was fetched, so there is nothing to hear of: claviger-ue profile get");
    }
    if (question.failed_with(Code::SealBroken)) return fail("the password does not open what is kept");
    if (!question && !is_first && is_passing(question.error())) {
      std::this_thread::sleep_for(kPause);
      continue;
    }
    if (!question) return fail("profile watch: " + std::string(name_of(question.error().code)));
    if (!web) {
      auto made = Web::make(question->ca);
      if (!made) return fail("profile watch: " + std::string(name_of(made.error().code)));
      web = *std::move(made);
    }
    if (std::exchange(is_first, false)) {
      journal.step("watching");
      std::fflush(stdout);  // whoever reads it through a pipe waits for it
    }
    const auto answer = ask(*web, *question, seconds);
    if (!answer || answer->status >= 500) {
      std::this_thread::sleep_for(kPause);
      continue;
    }
    // A token that was ended under a poll: once more with a fresh one, and then it is final.
    if (answer->status == 401 && !std::exchange(was_refused, true)) continue;
    if (answer->status == 401 || answer->status == 403) return fail("the server refuses: his access has ended");
    if (answer->status == 412) return fail("the server never gave what is kept: claviger-ue profile get");
    was_refused = false;
    if (answer->status == 204) continue;
    const auto changes = answer->status == 200
                             ? read_changes(answer->body)
                             : Result<std::vector<DocumentChange>>(Error{Code::Refused, "profile.watch"});
    const Result<Unit> taken =
        changes ? take_up(line.options, journal, password->reveal(), *changes) : Result<Unit>(changes.error());
    if (taken.failed_with(Code::NotFound)) return journal.result("signed off: watching ends");
    if (!taken && is_passing(taken.error())) {
      std::this_thread::sleep_for(kPause);
      continue;
    }
    if (!taken) {
      journal.complain("profile watch", taken.error());
      line.status = 1;
      return;
    }
    std::fflush(stdout);
    ++seen;
  }
}

}  // namespace

void add_profile(CLI::App& app, CommandLine& line) {
  auto wanted = std::make_shared<Wanted>();
  CLI::App* profile = app.add_subcommand("profile", "The user's profiles and configurations");
  profile->require_subcommand(1);
  CLI::App* getting = profile->add_subcommand("get", "Fetch documents, keep them sealed, print them");
  getting->add_option("--xcap-root", wanted->root, "of the configuration management server; kept for the next time")
      ->envname("CLAVIGER_UE_XCAP_ROOT");
  getting->add_option("--service", wanted->service, "mcptt, mcvideo, mcdata or a VAL service ID; with --index");
  getting->add_option("--index", wanted->index, "one profile, by its index; all documents without it")
      ->check(CLI::Range(0, 255));
  getting->add_option("--document", wanted->document, "one document, by its path below the root");
  getting->add_option("--out", wanted->file, "write the one document there");
  getting->add_flag("--offline", wanted->is_offline, "what is kept, without asking the server");
  getting->callback(
      [wanted, &line] { with_account(line, "profile get", [&](Account& account) { return get(account, *wanted); }); });
  CLI::App* watching =
      profile->add_subcommand("watch", "Wait for changes of what was fetched; fetch again, print them");
  watching->add_option("--changes", wanted->changes, "end after so many")->check(CLI::NonNegativeNumber);
  watching->add_option("--seconds", wanted->seconds, "end after so long")->check(CLI::NonNegativeNumber);
  watching->add_option("--poll", wanted->poll, "how long one request stays open, in seconds")
      ->check(CLI::Range(1, kPollMax));
  watching->callback([wanted, &line] { watch(line, *wanted); });
}

}  // namespace claviger::ue
