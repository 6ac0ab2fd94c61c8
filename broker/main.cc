// clavigerd: reads its configuration, becomes the broker, waits for signals.
#include <fcntl.h>
#include <openssl/opensslv.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <iterator>
#include <system_error>

#include "broker/broker.h"
#include "broker/certificate_dates.h"
#include "broker/key_fit.h"
#include "broker/named_files.h"
#include "broker/restored_owner.h"
#include "broker/settings/rooms_toml.h"
#include "broker/version.h"
#include "core/net/descriptor.h"
#include "storage/rocks/backup.h"
#include "storage/rocks/record_look.h"

namespace {

using claviger::settings::Settings;
using claviger::settings::SettingsError;

// Exit codes, beside CLI11's: sysexits.h's EX_CONFIG for a bad configuration.
constexpr int kExitConfiguration = 78;
constexpr int kExitFailure = 1;

// Secrets must not reach a core file or another process of this user; connections need descriptors.
void harden() {
  prctl(PR_SET_DUMPABLE, 0);
  rlimit limit{0, 0};
  setrlimit(RLIMIT_CORE, &limit);
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  umask(0077);
}

// Blocked before any thread exists, so that only the main thread's sigwaitinfo() gets them.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

std::optional<claviger::broker::KeyFit> key_fit_of(const Settings& settings) {
  return claviger::broker::key_fit(settings.data_directory, settings.key_encryption_key_file,
                                   settings.pkcs11.key_encryption_keys);
}

// What an operator can do about a start that failed, beside its code.
std::string advice_for(const claviger::Error& error, const Settings& settings, const std::string& file) {
  const bool is_about_a_file = error.where.starts_with("tls.") || error.where.starts_with("sip.") ||
                               error.where.starts_with("diameter.") || error.where == "listener.file";
  if (is_about_a_file) {
    const auto diameter = claviger::settings::load_diameter(file);
    const auto sip = claviger::settings::load_sip(file);
    const auto faults =
        claviger::broker::faults_of_files(settings, diameter ? diameter->get() : nullptr, sip ? sip->get() : nullptr);
    if (!faults.empty()) return ": " + faults.front().text;
  }
  const bool is_about_the_key = error.code == claviger::Code::SealBroken || error.code == claviger::Code::Unreadable ||
                                error.where.starts_with("wrapping_keys");
  if (!is_about_the_key) return {};
  const auto fit = key_fit_of(settings);
  return fit && !fit->fits ? ": " + fit->text : std::string();
}

int serve(Settings settings, const std::string& file, std::vector<int> cpus) {
  const sigset_t signals = block_signals();
  const Settings kept = settings;
  const std::string log_file = settings.log.file;  // has the listener's, the folder's or the file's name
  claviger::broker::Broker broker(std::move(settings), file, std::move(cpus));
  const auto started = broker.start();
  if (!started) {
    const std::string advice = advice_for(started.error(), kept, file);
    broker.logger().error("start.failed", {{"code", name_of(started.error().code)},
                                           {"where", started.error().where},
                                           {"why", std::string_view(advice).substr(advice.empty() ? 0 : 2)}});
    broker.logger().flush();
    std::fprintf(stderr, "clavigerd: cannot start: %s (%s)%s%s%s\n", std::string(name_of(started.error().code)).c_str(),
                 std::string(started.error().where).c_str(), advice.c_str(), log_file.empty() ? "" : "; more in ",
                 log_file.c_str());
    return kExitFailure;
  }
  broker.logger().info("start.ready", {{"version", claviger::broker::kVersion}});
  sd_notify(0, "READY=1");
  for (;;) {
    const int signal = sigwaitinfo(&signals, nullptr);
    if (signal == SIGHUP) {
      sd_notify(0, "RELOADING=1");
      broker.reload_and_log();
      sd_notify(0, "READY=1");
    } else if (signal == SIGTERM || signal == SIGINT) {
      break;
    }
  }
  sd_notify(0, "STOPPING=1");
  broker.logger().info("stop.draining");
  broker.stop();
  broker.logger().info("stop.done");
  return 0;
}

// What the file's own check cannot see: whether the files that it names are what they should be.
int check_named_files(const Settings& settings, const std::string& file) {
  int status = 0;
  const auto complain = [&](const std::string& what, claviger::Code code) {
    std::fprintf(stderr, "clavigerd: %s: %s [%s]\n", file.c_str(), what.c_str(), std::string(name_of(code)).c_str());
    status = kExitConfiguration;
  };
  // Does not keep the daemon from starting.
  const auto warn = [&](const std::string& what) {
    std::fprintf(stderr, "clavigerd: %s: warning: %s\n", file.c_str(), what.c_str());
  };
  const auto diameter = claviger::settings::load_diameter(file);
  const auto sip = claviger::settings::load_sip(file);
  const auto* const diameter_of = diameter ? diameter->get() : nullptr;
  const auto* const sip_of = sip ? sip->get() : nullptr;
  for (const auto& fault : claviger::broker::faults_of_files(settings, diameter_of, sip_of)) {
    complain(fault.text, fault.code);
  }
  const auto named = claviger::broker::certificate_files(settings, diameter_of, sip_of);
  for (const auto& date : claviger::broker::certificate_dates(named)) {
    if (const auto warning = claviger::broker::warning_of(date, std::time(nullptr))) warn(*warning);
  }
  struct stat data {};
  if (stat(settings.data_directory.c_str(), &data) == 0 && !S_ISDIR(data.st_mode)) {
    complain("data_directory: " + settings.data_directory + " is no directory", claviger::Code::ConfigValue);
  }
  const long processors = sysconf(_SC_NPROCESSORS_CONF);
  for (const int cpu : settings.cpus) {
    if (cpu < processors) continue;
    complain("cpus: there is no processor " + std::to_string(cpu), claviger::Code::ConfigValue);
  }
  struct stat kek {};
  const std::string& kek_file = settings.key_encryption_key_file;
  if (!kek_file.empty() && stat(kek_file.c_str(), &kek) == 0) {
    if ((kek.st_mode & 0077U) != 0) {
      complain(kek_file + " can be read by others: chmod 600", claviger::Code::PermissionsTooOpen);
    }
  } else if (!kek_file.empty()) {  // made on first start, its folder is not
    std::error_code ignored;
    const auto folder = std::filesystem::absolute(kek_file, ignored).parent_path();
    if (!std::filesystem::is_directory(folder, ignored)) {
      complain("key_encryption_key_file: there is no folder " + folder.string(), claviger::Code::Unreadable);
    }
  }
  if (const auto fit = key_fit_of(settings); fit && !fit->fits) complain(fit->text, claviger::Code::SealBroken);
  return status;
}

// Whom the rooms' tables are for must have been added: known where there is a store to look into, or none yet.
void warn_of_missing_tenants(const Settings& settings, const std::string& file) {
  const auto diameter = claviger::settings::load_diameter(file);
  const auto sip = claviger::settings::load_sip(file);
  if (!diameter || !sip) return;
  for (const auto& [table, tenant] : claviger::settings::tenants_of_rooms(diameter->get(), sip->get())) {
    const auto is_there = claviger::storage::rocks::has_record(settings.data_directory, "tenants", tenant);
    if (!is_there && !is_there.failed_with(claviger::Code::NotFound)) continue;
    if (is_there && *is_there) continue;
    std::fprintf(stderr, "clavigerd: %s: warning: there is no tenant %s, which %s is for: clavigerctl tenant add %s\n",
                 file.c_str(), tenant.c_str(), table, tenant.c_str());
  }
}

// Whoever serves an admin socket holds the lock beside it (core/net/listen_socket.cc).
bool is_served(const std::string& admin_socket) {
  const claviger::net::Descriptor lock(::open((admin_socket + ".lock").c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  return lock.is_open() && ::flock(lock.number(), LOCK_EX | LOCK_NB) != 0;
}

// From a copy that `clavigerctl backup` made. The present store is not touched: the operator puts it aside first.
int restore(const Settings& settings, const std::string& backup) {
  if (is_served(settings.admin_socket)) {
    std::fprintf(stderr, "clavigerd: nothing was restored: a daemon serves %s: stop it first\n",
                 settings.admin_socket.c_str());
    return kExitFailure;
  }
  claviger::Logger logger{claviger::LogOptions{}};
  const auto restored = claviger::storage::rocks::restore(backup, settings.data_directory, logger);
  logger.flush();
  if (!restored) {
    const bool is_there = restored.error().code == claviger::Code::Duplicate;
    std::fprintf(stderr, "clavigerd: nothing was restored: %s (%s)%s\n",
                 std::string(name_of(restored.error().code)).c_str(), std::string(restored.error().where).c_str(),
                 is_there ? ": move data_directory away first" : "");
    return kExitFailure;
  }
  std::printf("%s: tables of %llu bytes up to commit %llu, every block checked\n", settings.data_directory.c_str(),
              static_cast<unsigned long long>(restored->bytes), static_cast<unsigned long long>(restored->sequence));
  const auto owner = claviger::broker::give_to_owner(settings.data_directory, settings.key_encryption_key_file);
  if (!owner) {
    std::fprintf(stderr, "clavigerd: warning: %s stays root's: chown -R it to the daemon's user\n",
                 settings.data_directory.c_str());
  } else if (!owner->empty()) {
    std::printf("%s: now %s's, as what it is in\n", settings.data_directory.c_str(), owner->c_str());
  }
  // Without its key it is of no use: said now, not at the start.
  if (const auto fit = key_fit_of(settings)) {
    std::fprintf(fit->fits ? stdout : stderr, "%s%s\n", fit->fits ? "" : "clavigerd: warning: ", fit->text.c_str());
    if (!fit->fits) return kExitConfiguration;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "clavigerd: the key and identity broker of a mission-critical communication system.\n"
      "Example: clavigerd --config /etc/claviger/claviger.toml"};
  std::string file;
  bool check = false;
  std::string backup;
  std::vector<int> cpus;
  app.add_option("--config", file, "configuration file (TOML)")->required();
  app.add_flag("--check-config", check, "read and check the configuration, say what is wrong, and end");
  app.add_option("--restore", backup, "make data_directory, which must not exist, of this backup, and end");
  app.add_option("--cpus", cpus, "pin all threads to these processors, such as 0,1")
      ->delimiter(',')
      ->check(CLI::Range(0, 1023));
  app.set_version_flag("--version",
                       std::string("clavigerd ") + claviger::broker::kVersion + "\n" + OPENSSL_VERSION_TEXT);
  CLI11_PARSE(app, argc, argv);

  auto loaded = claviger::settings::load_settings(file);
  for (const SettingsError& error : loaded.errors) {
    std::fprintf(stderr, "clavigerd: %s [%s]\n", error.message.c_str(), std::string(name_of(error.code)).c_str());
  }
  if (!loaded.settings) return kExitConfiguration;
  if (!cpus.empty()) loaded.settings->cpus = cpus;
  if (check) {
    if (const int status = check_named_files(*loaded.settings, file); status != 0) return status;
    warn_of_missing_tenants(*loaded.settings, file);
    std::printf("%s: good%s\n", file.c_str(), loaded.settings->is_sandbox ? " (a sandbox: not for production)" : "");
    return 0;
  }
  harden();
  if (!backup.empty()) return restore(*loaded.settings, backup);
  return serve(*std::move(loaded.settings), file, std::move(cpus));
}
