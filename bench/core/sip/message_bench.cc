// One authorisation PUBLISH of 2.9 kB: 23 headers, two parts, a token of 980 bytes.
//   Parse        index of headers and body
//   ParseCheck   with every check that an endpoint makes before it looks at what is asked for
//   ParseSplit   index, then the body's parts: what the digest of libraries measured
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "bench/allocation_counter.h"
#include "core/sip/message.h"
#include "core/sip/multipart.h"
#include "core/sip/request_check.h"

namespace claviger::sip {
namespace {

std::string publish() {
  std::string body =
      "--boundary1\r\nContent-Type: application/vnd.3gpp.mcptt-info+xml\r\n\r\n<mcpttinfo "
      "xmlns=\"urn:3gpp:ns:mcpttInfo:1.0\"><mcptt-Params>"
      "<mcptt-access-token type=\"Normal\"><mcpttString>" +
      std::string(980, 'e') +
      "</mcpttString></mcptt-access-token><mcptt-client-id type=\"Normal\">"
      "<mcpttString>urn:uuid:2f6b8c4e-0000-4000-8000-000000000001</mcpttString></mcptt-client-id></mcptt-Params></"
      "mcpttinfo>\r\n--boundary1\r\n"
      "Content-Type: application/poc-settings+xml\r\n\r\n<poc-settings "
      "xmlns=\"urn:oma:params:xml:ns:poc:poc-settings\"><entity id=\"urn:uuid:2f6b8c4e-0000-4000-8000-000000000001\">"
      "<am-settings><answer-mode>automatic</answer-mode></am-settings>"
      "<mcs:selected-user-profile-index "
      "xmlns:mcs=\"urn:3gpp:mcsSettings:1.0\"><mcs:user-profile-index>1</mcs:user-profile-index>"
      "</mcs:selected-user-profile-index></entity></poc-settings>\r\n--boundary1--\r\n";
  std::string head =
      "PUBLISH sip:mcptt-as.example.org SIP/2.0\r\nVia: SIP/2.0/TCP "
      "scscf.example.org:6060;branch=z9hG4bK8f2aa1b2c3d4e5f6.1\r\n"
      "Via: SIP/2.0/TCP pcscf.example.org:5060;branch=z9hG4bK77ef4c2312983.1;received=192.0.2.7\r\nVia: SIP/2.0/TCP "
      "192.0.2.10:5060;branch=z9hG4bKnashds7;rport=5060\r\n"
      "Max-Forwards: 68\r\nRoute: <sip:mcptt-as.example.org;lr>,<sip:scscf.example.org:6060;lr;transport=tcp>\r\nFrom: "
      "<sip:alice.ue1@ims.example.org>;tag=171828\r\n"
      "To: <sip:mcptt-as.example.org>\r\nCall-ID: cb03a0s09a2sdfglkj490333@192.0.2.10\r\nCSeq: 61 "
      "PUBLISH\r\nP-Asserted-Identity: <sip:alice.ue1@ims.example.org>\r\n"
      "P-Asserted-Service: urn:urn-7:3gpp-service.ims.icsi.mcptt\r\nAccept-Contact: "
      "*;+g.3gpp.mcptt;require;explicit\r\nP-Charging-Vector: icid-value=ab12;orig-ioi=ims.example.org\r\n"
      "P-Access-Network-Info: 3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=234151D0FCE11\r\nP-Visited-Network-ID: "
      "\"ims.example.org\"\r\nRecord-Route: <sip:scscf.example.org:6060;lr>\r\n"
      "Event: poc-settings\r\nExpires: 4294967295\r\nSupported: path, gruu\r\nUser-Agent: mcptt-client/1.0\r\nAllow: "
      "PUBLISH, SUBSCRIBE, NOTIFY, MESSAGE\r\n"
      "Content-Type: multipart/mixed;boundary=boundary1\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n";
  return head + body;
}

template <typename Work>
void run(benchmark::State& state, Work work) {
  const std::string text = publish();
  auto message = std::make_unique<Message>();
  const bench::AllocationCounter allocations(state);
  for (auto _ : state) {
    if (!work(*message, text)) state.SkipWithError("refused");
    benchmark::DoNotOptimize(*message);
  }
  state.counters["bytes"] = static_cast<double>(text.size());
}

void Parse(benchmark::State& state) {
  run(state,
      [](Message& message, const std::string& text) { return message.parse(text, Framing::Stream).has_value(); });
}
void ParseCheck(benchmark::State& state) {
  run(state, [](Message& message, const std::string& text) {
    return message.parse(text, Framing::Stream).has_value() && check_request(message).has_value();
  });
}
void ParseSplit(benchmark::State& state) {
  run(state, [](Message& message, const std::string& text) {
    if (!message.parse(text, Framing::Stream)) return false;
    const auto parts = Parts::of(message.value(HeaderId::ContentType), message.body());
    benchmark::DoNotOptimize(parts);
    return parts.has_value() && parts->size() == 2;
  });
}
BENCHMARK(Parse);
BENCHMARK(ParseCheck);
BENCHMARK(ParseSplit);

}  // namespace
}  // namespace claviger::sip
