// The admin API over the identity room's testbed: a caller whose uid is set by hand, an audit log in a directory of its
// own, a process that writes down what it was asked.
//
// Made once per test.
#pragma once

#include <fstream>
#include <iterator>
#include <string>

#include "broker/admin/admin_services.h"
#include "broker/admin/metrics_endpoint.h"
#include "broker/admin/routes.h"
#include "core/http/counters.h"
#include "tests/broker/identity/testbed.h"
#include "tests/storage/temp_directory.h"

namespace claviger::admin {

class FakeProcess final : public ProcessControl {
 public:
  runtime::Task<ReloadReport> reload() override { co_return report; }
  void shutdown() override { ++shutdowns; }
  SandboxClock* sandbox_clock() override { return clock; }
  std::vector<ListenerFigures> listeners() const override { return {{"https 127.0.0.1:1", {&counters}}}; }
  std::string_view why_not_ready() const override { return not_ready; }
  Monotonic started_at() const override { return Monotonic(); }

  ReloadReport report;
  int shutdowns = 0;
  SandboxClock* clock = nullptr;
  std::string_view not_ready;
  http::Counters counters;
};

class AdminBed : public identity::Testbed {
 public:
  static constexpr std::uint32_t kOwnUid = 998;

  AdminBed() {
    add_admin_routes(router_, services);
    add_metrics_routes(router_, services);
    peer_.uid = 0;
    peer_.pid = 4711;
    EXPECT_TRUE(wait(audit.start("1.2.3")));
  }

  identity::Reply ask(http::Method method, std::string target, std::string body = {},
                      std::string content_type = "application/json") {
    identity::Sent sent;
    sent.method = method;
    sent.target = "/admin/v1" + std::move(target);
    if (!body.empty()) sent.fields = {{http::Field::ContentType, std::move(content_type)}};
    sent.body = std::move(body);
    return send(sent);
  }
  identity::Reply show(std::string target) { return ask(http::Method::Get, std::move(target)); }
  identity::Reply post(std::string target, std::string body = {}) {
    return ask(http::Method::Post, std::move(target), std::move(body));
  }
  std::string audit_text() const {
    std::ifstream file(audit_path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  // How often the log says that verb with that outcome.
  int audited(const std::string& verb, const std::string& outcome) const {
    const std::string text = audit_text();
    const std::string wanted = "\"verb\":\"" + verb + "\"";
    int count = 0;
    for (std::size_t at = text.find(wanted); at != std::string::npos; at = text.find(wanted, at + 1)) {
      const std::string line = text.substr(at, text.find('\n', at) - at);
      if (line.find("\"outcome\":\"" + outcome + "\"") != std::string::npos) ++count;
    }
    return count;
  }

  storage::TempDirectory directory;
  std::string audit_path = directory.path() + "/audit.log";
  FakeProcess process;
  AuditLog audit{shard(), store(), work_pool_, as_bytes("0123456789abcdef0123456789abcdef"), audit_path};
  AdminServices services{contexts_, audit, process, kOwnUid};
};

}  // namespace claviger::admin
