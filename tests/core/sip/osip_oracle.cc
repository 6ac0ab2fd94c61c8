#include "tests/core/sip/osip_oracle.h"

#include <osipparser2/osip_message.h>
#include <osipparser2/osip_parser.h>
#include <osipparser2/osip_port.h>

#include <algorithm>
#include <memory>

namespace claviger::sip {
namespace {

std::string tag_of(osip_from_t* address) {
  osip_generic_param_t* tag = nullptr;
  char name[] = "tag";
  if (address == nullptr || osip_generic_param_get_byname(&address->gen_params, name, &tag) != 0) return "";
  return tag->gvalue == nullptr ? "" : tag->gvalue;
}

void say_nothing(const char*, int, osip_trace_level_t, const char*, va_list) {}

int make_ready() {
  osip_trace_initialize_func(END_TRACE_LEVEL, say_nothing);
  return parser_init();
}

}  // namespace

void osip_oracle_read(const char* text, std::size_t size, const std::function<void(const OsipFacts&)>& on_taken) {
  static const int kReady = make_ready();
  osip_message_t* raw = nullptr;
  if (kReady != 0 || osip_message_init(&raw) != 0) return;
  const std::unique_ptr<osip_message_t, void (*)(osip_message_t*)> message(raw, osip_message_free);
  if (osip_message_parse(raw, text, size) != 0) return;
  OsipFacts facts;
  const auto said = [](const char* value) { return std::string(value == nullptr ? "" : value); };
  facts.status = raw->status_code;
  if (raw->status_code == 0) facts.method = said(raw->sip_method);
  if (raw->call_id != nullptr) {
    facts.call_id = said(raw->call_id->number);
    if (raw->call_id->host != nullptr) facts.call_id += "@" + said(raw->call_id->host);
  }
  if (raw->cseq != nullptr) {
    // The digits as they stand there.
    const std::string number = said(raw->cseq->number);
    const std::size_t begin = std::min(number.find_first_not_of('0'), number.size() - 1);
    facts.cseq = (number.empty() ? number : number.substr(begin)) + " " + said(raw->cseq->method);
  }
  facts.from_tag = tag_of(raw->from);
  facts.to_tag = tag_of(raw->to);
  facts.vias = osip_list_size(&raw->vias);
  osip_body_t* body = nullptr;
  if (osip_message_get_body(raw, 0, &body) >= 0 && body != nullptr) facts.body = static_cast<long>(body->length);
  on_taken(facts);
}

}  // namespace claviger::sip
