#include "tests/core/sip/oracles.h"

#include <sofia-sip/msg.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_util.h>

#include <memory>

#include "core/sip/message.h"
#include "core/sip/name_address.h"
#include "core/sip/request_check.h"
#include "core/sip/uri.h"
#include "tests/core/sip/osip_oracle.h"

namespace claviger::sip {

Reading read_by_us(std::string_view text) {
  Reading reading;
  const auto message = std::make_unique<Message>();
  const auto parsed = message->parse(text, Framing::Datagram);
  const Result<Unit> checked = !parsed                 ? parsed
                               : message->is_request() ? check_request(*message)
                                                       : check_response(*message);
  if (!checked) {
    reading.where = checked.error().where;
    return reading;
  }
  reading.is_taken = true;
  reading.status = message->status();
  reading.method = message->method_name();
  reading.call_id = message->value(HeaderId::CallId);
  const auto cseq = message->cseq();
  reading.cseq = std::to_string(cseq->number) + " " + std::string(cseq->method);
  reading.from_tag = message->tag(HeaderId::From);
  reading.to_tag = message->tag(HeaderId::To);
  message->for_each(HeaderId::Via, [&reading](std::string_view value) {
    std::string_view rest = value;
    do {
      if (!parse_first_via(rest, &rest)) return;
      ++reading.vias;
    } while (!rest.empty());
  });
  reading.body = message->body().size();
  return reading;
}

Reading read_by_osip(std::string_view text) {
  Reading reading;
  const std::string copy(text);
  osip_oracle_read(copy.c_str(), copy.size(), [&reading](const OsipFacts& facts) {
    reading.is_taken = true;
    reading.status = static_cast<std::uint16_t>(facts.status);
    reading.method = facts.method;
    reading.call_id = facts.call_id;
    reading.cseq = facts.cseq;
    reading.from_tag = facts.from_tag;
    reading.to_tag = facts.to_tag;
    reading.vias = static_cast<std::size_t>(facts.vias);
    reading.body = static_cast<std::size_t>(facts.body);
  });
  return reading;
}

Reading read_by_sofia(std::string_view text) {
  Reading reading;
  msg_t* const message = msg_make(sip_default_mclass(), 0, text.data(), static_cast<ssize_t>(text.size()));
  if (message == nullptr) return reading;
  const std::unique_ptr<msg_t, void (*)(msg_t*)> owner(message, msg_destroy);
  const sip_t* const sip = sip_object(message);
  if (sip == nullptr || sip->sip_error != nullptr || sip_sanity_check(sip) != 0) return reading;
  if (sip->sip_request == nullptr && sip->sip_status == nullptr) return reading;
  reading.is_taken = true;
  const auto said = [](const char* value) { return std::string(value == nullptr ? "" : value); };
  if (sip->sip_status != nullptr) reading.status = static_cast<std::uint16_t>(sip->sip_status->st_status);
  if (sip->sip_request != nullptr) reading.method = said(sip->sip_request->rq_method_name);
  if (sip->sip_call_id != nullptr) reading.call_id = said(sip->sip_call_id->i_id);
  if (sip->sip_cseq != nullptr)
    reading.cseq = std::to_string(sip->sip_cseq->cs_seq) + " " + said(sip->sip_cseq->cs_method_name);
  if (sip->sip_from != nullptr) reading.from_tag = said(sip->sip_from->a_tag);
  if (sip->sip_to != nullptr) reading.to_tag = said(sip->sip_to->a_tag);
  for (const sip_via_t* via = sip->sip_via; via != nullptr; via = via->v_next) ++reading.vias;
  if (sip->sip_payload != nullptr) reading.body = sip->sip_payload->pl_len;
  return reading;
}

}  // namespace claviger::sip
