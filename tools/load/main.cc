// claviger-load: load on a running broker over real sockets, as its users make it.
#include <sys/ioctl.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <thread>

#include "core/codec/json_writer.h"
#include "core/codec/uri.h"
#include "tools/load/worker.h"

namespace claviger::load {
namespace {

// A sandbox.env file: shell assignments, one a line.
std::map<std::string, std::string> read_environment(const std::string& file) {
  std::map<std::string, std::string> values;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos || line.starts_with('#')) continue;
    std::string value = line.substr(equals + 1);
    if (value.size() >= 2 && (value.front() == '\'' || value.front() == '"')) value = value.substr(1, value.size() - 2);
    values[line.substr(0, equals)] = value;
  }
  return values;
}

// User and system time of a process and all its threads, in microseconds (proc(5), fields 14 and 15 of stat).
double cpu_microseconds(int pid) {
  std::ifstream stream("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(stream, line);
  const std::size_t close = line.rfind(')');
  if (close == std::string::npos) return 0;
  unsigned long user = 0;
  unsigned long system = 0;
  if (std::sscanf(line.c_str() + close + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
    return 0;
  return static_cast<double>(user + system) * 1e6 / static_cast<double>(sysconf(_SC_CLK_TCK));
}

struct Report {
  Tally tally;
  double seconds = 0;
  double server_cpu_us = 0;  // per operation; 0 when no pid was given
};

void print_text(const Report& report, const std::string& scenario) {
  const Histogram& latency = report.tally.latency;
  const auto ms = [&latency](double share) { return static_cast<double>(latency.percentile(share)) / 1e6; };
  std::printf("%-20s %12.0f /s  done %llu  failed %llu  refused %llu  late %llu\n", scenario.c_str(),
              static_cast<double>(report.tally.done) / report.seconds,
              static_cast<unsigned long long>(report.tally.done), static_cast<unsigned long long>(report.tally.failed),
              static_cast<unsigned long long>(report.tally.refused),
              static_cast<unsigned long long>(report.tally.late));
  std::printf("  latency ms  p50 %.3f  p90 %.3f  p99 %.3f  p99.9 %.3f  max %.3f\n", ms(0.5), ms(0.9), ms(0.99),
              ms(0.999), static_cast<double>(latency.max()) / 1e6);
  if (report.server_cpu_us > 0) std::printf("  server CPU  %.2f us per operation\n", report.server_cpu_us);
  if (!report.tally.error.empty()) std::printf("  first error: %s\n", report.tally.error.c_str());
}

std::string to_json(const Report& report, const ScenarioOptions& scenario, const WorkerOptions& options,
                    std::size_t threads) {
  const Histogram& latency = report.tally.latency;
  const auto us = [&latency](double share) { return latency.percentile(share) / 1000; };
  std::string out;
  codec::JsonWriter writer(out);
  writer.begin_object();
  writer.member("scenario", scenario.name);
  writer.member("threads", static_cast<std::uint64_t>(threads));
  writer.member("connections", static_cast<std::uint64_t>(options.connections * threads));
  writer.member("streams", static_cast<std::uint64_t>(options.streams));
  writer.member("target_rate", static_cast<std::uint64_t>(options.rate * static_cast<double>(threads)));
  writer.member("seconds_ms", static_cast<std::uint64_t>(report.seconds * 1000));
  writer.member("done", report.tally.done);
  writer.member("failed", report.tally.failed);
  writer.member("refused", report.tally.refused);
  writer.member("late", report.tally.late);
  writer.member("per_second", static_cast<std::uint64_t>(static_cast<double>(report.tally.done) / report.seconds));
  writer.member("latency_us_p50", us(0.5));
  writer.member("latency_us_p90", us(0.9));
  writer.member("latency_us_p99", us(0.99));
  writer.member("latency_us_p999", us(0.999));
  writer.member("latency_us_max", latency.max() / 1000);
  writer.member("octets_per_operation", report.tally.octets / std::max<std::uint64_t>(1, report.tally.ended));
  writer.member("server_cpu_ns_per_operation", static_cast<std::uint64_t>(report.server_cpu_us * 1000));
  if (!report.tally.intervals.empty()) {
    writer.name("intervals").begin_object().member("seconds", options.interval);
    const auto write = [&](const char* name, auto value) {
      writer.name(name).begin_array();
      for (const Interval& interval : report.tally.intervals) writer.value(static_cast<std::uint64_t>(value(interval)));
      writer.end_array();
    };
    write("done", [](const Interval& interval) { return interval.latency.count(); });
    write("refused", [](const Interval& interval) { return interval.refused; });
    for (const auto& [name, share] : {std::pair{"us_p50", 0.5}, {"us_p99", 0.99}, {"us_p999", 0.999}}) {
      write(name, [share = share](const Interval& interval) { return interval.latency.percentile(share) / 1000; });
    }
    writer.end_object();
  }
  writer.end_object();
  return out;
}

void add(Tally& total, const Tally& tally) {
  total.latency.merge(tally.latency);
  total.done += tally.done;
  total.failed += tally.failed;
  total.refused += tally.refused;
  total.late += tally.late;
  total.octets += tally.octets;
  total.ended += tally.ended;
  if (total.error.empty()) total.error = tally.error;
  total.intervals.resize(tally.intervals.size());
  for (std::size_t i = 0; i < tally.intervals.size(); ++i) {
    total.intervals[i].latency.merge(tally.intervals[i].latency);
    total.intervals[i].refused += tally.intervals[i].refused;
  }
}

void show_progress(const std::vector<std::unique_ptr<Worker>>& workers, double seconds,
                   const std::atomic<bool>& is_over) {
  if (isatty(STDERR_FILENO) == 0) return;
  std::uint64_t before = 0;
  for (double elapsed = 0; !is_over; elapsed += 0.5) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    std::uint64_t done = 0;
    for (const auto& worker : workers) done += worker->done_so_far();
    std::fprintf(stderr, "\r  %5.1f / %.0f s   %10llu /s   ", elapsed, seconds,
                 static_cast<unsigned long long>((done - before) * 2));
    before = done;
  }
  std::fprintf(stderr, "\r%60s\r", "");
}

int run(int argc, char** argv) {
  CLI::App app{
      "Load on a running broker over HTTP/2 and TLS.\n"
      "Example: claviger-load --sandbox .sandbox --system ALPHA introspect --connections 8 --streams 32"};
  WorkerOptions options;
  ScenarioOptions& scenario = options.scenario;
  std::string sandbox, system = "ALPHA", issuer, json_file;
  std::size_t threads = 1;
  int pid = 0;
  app.add_option("scenario", scenario.name,
                 "introspect, introspect-users, client-credentials, refresh, sign-in, keys, keys-request, "
                 "keys-signed, keys-storm, keys-storm-patient, keys-ahead, discovery")
      ->required();
  app.add_option("--sandbox", sandbox, "folder of a sandbox: takes everything below from its sandbox.env");
  app.add_option("--system", system, "ALPHA or BRAVO")->capture_default_str();
  app.add_option("--issuer", issuer, "issuer URL");
  app.add_option("--ca", options.ca_file, "PEM file of the CA");
  app.add_option("--client-id", scenario.client_id, "public client for sign-in and refresh");
  app.add_option("--redirect-uri", scenario.redirect_uri);
  app.add_option("--scope", scenario.scope);
  app.add_option("--server-client-id", scenario.server_client_id);
  app.add_option("--username", scenario.username, "with --users above 1: a prefix, followed by a number");
  app.add_option("--users", scenario.users)->capture_default_str();
  app.add_option("--tokens", scenario.tokens, "introspect: how many different tokens; keys: how many users")
      ->capture_default_str();
  app.add_option("--kms-path", scenario.kms_path, "keys: path of the KMS below the issuer's host");
  app.add_option("--users-done", scenario.users_done,
                 "sign-in: leaves out so many, whom a run before this one signed in");
  app.add_option("--tokens-file", scenario.tokens_file, "sign-in: adds the access tokens to this file, one a line");
  app.add_option("--connections", options.connections, "per thread")
      ->capture_default_str()
      ->check(CLI::Range(1, 10000));
  app.add_option("--streams", options.streams, "in flight per connection")
      ->capture_default_str()
      ->check(CLI::Range(1, 128));
  app.add_option("--threads", threads)->capture_default_str()->check(CLI::Range(1, 64));
  app.add_option("--rate", options.rate, "operations a second in all: open loop; 0: closed loop")
      ->capture_default_str();
  app.add_option("--seconds", options.seconds)->capture_default_str()->check(CLI::Range(0.1, 86400.0));
  app.add_option("--warm-up", options.warm_up, "seconds before measuring")->capture_default_str();
  app.add_option("--pid", pid, "measure this server process's CPU (all threads)");
  app.add_option("--interval", options.interval, "with --json: figures for every so many seconds, too")
      ->check(CLI::Range(0.0, 3600.0));
  app.add_option("--json", json_file, "write the figures here ('-': standard output)");
  CLI11_PARSE(app, argc, argv);
  if (scenario.name == "keys-storm-patient" && options.rate <= 0) {
    std::fprintf(stderr, "claviger-load: keys-storm-patient needs a --rate\n");
    return 2;
  }

  if (!sandbox.empty()) {
    auto values = read_environment(sandbox + "/sandbox.env");
    const auto take = [&](std::string& into, const char* name) {
      if (into.empty()) into = values[system + "_" + name];
    };
    take(issuer, "ISSUER"), take(options.ca_file, "CA"), take(scenario.client_id, "CLIENT_ID");
    take(scenario.redirect_uri, "REDIRECT_URI"), take(scenario.username, "USERNAME"),
        take(scenario.password, "PASSWORD");
    take(scenario.server_client_id, "SERVER_CLIENT_ID"), take(scenario.server_client_secret, "SERVER_CLIENT_SECRET");
    take(scenario.scope, "SCOPES"), take(scenario.kms_uri, "KMS_URI"), take(scenario.kms_user_uri, "MCPTT_ID");
    take(scenario.ink_id, "INK_ID"), take(scenario.trk_id, "TRK_ID");
    std::string kms;
    take(kms, "KMS_URL");
    if (const auto at = codec::parse_absolute_uri(kms); at && scenario.kms_path.empty()) scenario.kms_path = at->path;
    if (pid == 0) pid = std::atoi(values[system + "_PID"].c_str());
  }
  // Never on the command line, where every user of the machine could read them.
  if (const char* secret = std::getenv("CLAVIGER_LOAD_SECRET")) scenario.server_client_secret = secret;
  if (const char* password = std::getenv("CLAVIGER_LOAD_PASSWORD")) scenario.password = password;
  if (scenario.scope.empty()) scenario.scope = "openid";
  const auto uri = codec::parse_absolute_uri(issuer);
  if (!uri) {
    std::fprintf(stderr, "claviger-load: --issuer must be an https URL\n");
    return 2;
  }
  options.target.host = uri->host;
  options.target.port = std::to_string(uri->port.value_or(443));
  scenario.path_prefix = uri->path;
  scenario.origin = issuer.substr(0, issuer.find('/', std::string_view("https://").size()));
  options.rate /= static_cast<double>(threads);
  if (scenario.kms_path.empty()) scenario.kms_path = "/keymanagement/identity/v1";
  if (options.interval > 0) {
    options.interval =
        std::max({options.interval, kIntervalSecondsMin, options.seconds / static_cast<double>(kIntervalsMax)});
  }

  std::vector<std::unique_ptr<Worker>> workers;
  for (std::size_t i = 0; i < threads; ++i) {
    WorkerOptions mine = options;
    mine.scenario.worker = i;
    mine.scenario.users = std::max<std::size_t>(1, scenario.users / threads);
    mine.scenario.first_user = i * mine.scenario.users;
    mine.scenario.users_done = scenario.users_done / threads;
    workers.push_back(std::make_unique<Worker>(std::move(mine)));
    if (const std::string why = workers.back()->open(); !why.empty()) {
      std::fprintf(stderr, "claviger-load: %s\n", why.c_str());
      return 1;
    }
  }
  const Instant start = std::chrono::steady_clock::now();
  std::atomic<bool> is_over{false};
  std::vector<std::thread> running;
  for (auto& worker : workers) running.emplace_back([&worker, start] { worker->run(start); });
  std::thread progress([&] { show_progress(workers, options.seconds + options.warm_up, is_over); });
  // CPU over exactly the measured span.
  std::this_thread::sleep_until(start + std::chrono::duration<double>(options.warm_up));
  const double cpu_before = pid != 0 ? cpu_microseconds(pid) : 0;
  std::this_thread::sleep_until(start + std::chrono::duration<double>(options.warm_up + options.seconds));
  const double cpu_after = pid != 0 ? cpu_microseconds(pid) : 0;
  for (std::thread& thread : running) thread.join();
  is_over = true;
  progress.join();

  Report report;
  report.seconds = options.seconds;
  for (const auto& worker : workers) add(report.tally, worker->tally());
  if (report.tally.done != 0) report.server_cpu_us = (cpu_after - cpu_before) / static_cast<double>(report.tally.done);
  print_text(report, scenario.name);
  if (!json_file.empty()) {
    const std::string json = to_json(report, scenario, options, threads);
    if (json_file == "-") {
      std::cout << json << '\n';
    } else {
      std::ofstream(json_file) << json << '\n';
    }
  }
  return report.tally.failed == 0 && report.tally.done != 0 ? 0 : 1;
}

}  // namespace
}  // namespace claviger::load

int main(int argc, char** argv) { return claviger::load::run(argc, argv); }
