#include "tools/load/day/sip_link.h"

#include <utility>

#include "core/sip/message.h"

namespace claviger::day {
namespace {

// As long as a SIP client waits: 64 * T1 (RFC 3261 clause 17.1.2.2).
constexpr Seconds kAnswerMax{32};

}  // namespace

runtime::Task<SipAnswer> SipLink::ask(SipRequest request) {
  if (!reach()) co_return SipAnswer{};
  const std::uint32_t number = ++number_;
  const std::string id = std::to_string(number);
  std::string text = request.method + " " + request.uri +
                     " SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:5060;branch=z9hG4bKday" + id +
                     "\r\nMax-Forwards: 70\r\nFrom: <sip:scscf.day.example>;tag=d" + id + "\r\nCall-ID: " + id +
                     "@day.example\r\nCSeq: " + id + " " + request.method +
                     "\r\nContact: <sip:127.0.0.1:5060;transport=tcp>\r\n" + request.fields;
  if (!request.content_type.empty()) text += "Content-Type: " + request.content_type + "\r\n";
  text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n\r\n" + request.body;
  runtime::OneShotPair<SipAnswer> pair;
  waiting_.emplace(number, std::move(pair.completer));
  send(text);
  auto answer = co_await pair.waiter.until(shard().now() + kAnswerMax);
  waiting_.erase(number);
  co_return answer ? *std::move(answer) : SipAnswer{};
}

void SipLink::received(Slice bytes) {
  input_ += bytes.text();
  std::size_t taken = 0;
  for (;;) {
    const std::string_view rest = std::string_view(input_).substr(taken);
    const sip::FrameScanner::Frame frame = scanner_.scan(rest);
    taken += frame.skip;
    if (frame.state == sip::FrameScanner::State::NeedMore) break;
    if (frame.state == sip::FrameScanner::State::Broken) {
      end();
      break;
    }
    take(rest.substr(frame.skip, frame.size));
    taken += frame.size;
  }
  input_.erase(0, taken);
}

void SipLink::take(std::string_view text) {
  sip::Message message;
  if (!message.parse(text, sip::Framing::Stream) || message.is_request()) return;
  const auto cseq = message.cseq();
  const auto found = cseq ? waiting_.find(cseq->number) : waiting_.end();
  if (found == waiting_.end() || message.status() < 200) return;
  SipAnswer answer{message.status(), std::string(message.value(sip::HeaderId::SipEtag))};
  // Who is resumed asks again: from the loop, not from within what was received.
  shard().defer([completer = std::move(found->second), answer = std::move(answer)]() mutable {
    completer.complete(std::move(answer));
  });
}

void SipLink::lost() {
  input_.clear();
  scanner_ = sip::FrameScanner();
  auto waiting = std::exchange(waiting_, {});
  for (auto& [number, completer] : waiting) completer.complete(SipAnswer{});
}

}  // namespace claviger::day
