#include "tools/load/day/cx_link.h"

#include <array>
#include <utility>

#include "broker/subscriber/cx.h"

namespace claviger::day {
namespace {

namespace cx = subscriber::cx;
namespace base = diameter::avp;

constexpr std::string_view kScheme = "Digest-AKAv1-MD5";
constexpr std::uint32_t kRegistration = 1;       // Server-Assignment-Type
constexpr std::uint32_t kNoStateMaintained = 1;  // Auth-Session-State
// As long as a core waits for its HSS.
constexpr Seconds kAnswerMax{10};

}  // namespace

void CxLink::opened() {
  reader_.emplace(shard().slabs());
  auto request = diameter::MessageBuilder::request(shard().slabs(), diameter::kBaseApplication,
                                                   diameter::command::kCapabilitiesExchange, 0);
  constexpr std::array<std::byte, 6> kLoopback{std::byte{0}, std::byte{1}, std::byte{127},
                                               std::byte{0}, std::byte{0}, std::byte{1}};
  request.origin(own_.host, own_.realm).octets(base::kHostIpAddress, kLoopback).u32(base::kVendorId, 0);
  request.text(base::kProductName, "claviger-day").u32(base::kSupportedVendorId, cx::kVendor);
  request.u32(base::kAuthApplicationId, cx::kApplication).vendor_specific_application(cx::kVendor, cx::kApplication);
  if (auto bytes = request.finish()) send(bytes->bytes());
}

diameter::MessageBuilder CxLink::begin(std::uint32_t command, std::uint32_t number) {
  auto request = diameter::MessageBuilder::request(shard().slabs(), cx::kApplication, command);
  request.header().hop_by_hop = request.header().end_to_end = number;
  request.text(base::kSessionId, own_.host + ";day;" + std::to_string(number));
  request.vendor_specific_application(cx::kVendor, cx::kApplication).u32(base::kAuthSessionState, kNoStateMaintained);
  request.origin(own_.host, own_.realm).text(base::kDestinationRealm, own_.realm);
  return request;
}

runtime::Task<CxAnswer> CxLink::vector(std::string impi, std::string impu) {
  const std::uint32_t number = ++number_;
  auto request = begin(cx::command::kMultimediaAuth, number);
  request.text(base::kUserName, impi).text(cx::avp::kPublicIdentity, impu).u32(cx::avp::kSipNumberAuthItems, 1);
  request.begin_group(cx::avp::kSipAuthDataItem).text(cx::avp::kSipAuthenticationScheme, kScheme).end_group();
  auto bytes = request.text(cx::avp::kServerName, own_.server).finish();
  if (!bytes) co_return CxAnswer{};
  auto answer = co_await ask(number, *std::move(bytes));
  co_return answer;
}

runtime::Task<CxAnswer> CxLink::assign(std::string impi, std::string impu) {
  const std::uint32_t number = ++number_;
  auto request = begin(cx::command::kServerAssignment, number);
  request.text(base::kUserName, impi).text(cx::avp::kPublicIdentity, impu).text(cx::avp::kServerName, own_.server);
  auto bytes =
      request.u32(cx::avp::kServerAssignmentType, kRegistration).u32(cx::avp::kUserDataAlreadyAvailable, 0).finish();
  if (!bytes) co_return CxAnswer{};
  auto answer = co_await ask(number, *std::move(bytes));
  co_return answer;
}

runtime::Task<CxAnswer> CxLink::ask(std::uint32_t hop_by_hop, Slice request) {
  if (!reach()) co_return CxAnswer{};
  runtime::OneShotPair<CxAnswer> pair;
  waiting_.emplace(hop_by_hop, std::move(pair.completer));
  if (is_let_in_) {
    send(request.bytes());
  } else {
    held_ += request.text();
  }
  auto answer = co_await pair.waiter.until(shard().now() + kAnswerMax);
  waiting_.erase(hop_by_hop);
  co_return answer ? *std::move(answer) : CxAnswer{};
}

void CxLink::received(Slice bytes) {
  reader_->feed(std::move(bytes));
  for (;;) {
    auto next = reader_->next();
    if (!next) return end();
    if (!*next) return;
    take(diameter::Message(**std::move(next)));
  }
}

void CxLink::take(const diameter::Message& message) {
  const diameter::Header& header = message.header();
  if (header.is_request()) {
    // Watchdogs; and whoever is told that his registration ends agrees.
    auto answer = diameter::MessageBuilder::answer(shard().slabs(), message);
    answer.result(diameter::result_code::kSuccess).origin(own_.host, own_.realm);
    if (auto bytes = answer.finish()) send(bytes->bytes());
    return;
  }
  const diameter::Message::Outcome outcome = message.outcome();
  if (header.command == diameter::command::kCapabilitiesExchange) {
    if (!outcome.is_success()) return end();
    is_let_in_ = true;
    send(std::exchange(held_, {}));
    return;
  }
  const auto found = waiting_.find(header.hop_by_hop);
  if (found == waiting_.end()) return;
  CxAnswer answer{outcome.vendor, outcome.code, {}, {}};
  if (const auto item = message.find(cx::avp::kSipAuthDataItem)) {
    if (const auto challenge = find_in_group(*item, cx::avp::kSipAuthenticate)) answer.challenge = challenge->text();
    if (const auto expected = find_in_group(*item, cx::avp::kSipAuthorization)) answer.expected = expected->text();
  }
  shard().defer([completer = std::move(found->second), answer = std::move(answer)]() mutable {
    completer.complete(std::move(answer));
  });
}

void CxLink::lost() {
  is_let_in_ = false;
  held_.clear();
  auto waiting = std::exchange(waiting_, {});
  for (auto& [number, completer] : waiting) completer.complete(CxAnswer{});
}

}  // namespace claviger::day
