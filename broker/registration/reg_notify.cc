#include "broker/registration/reg_notify.h"

#include <algorithm>

#include "core/sip/name_address.h"
#include "core/sip/scan.h"
#include "core/sip/uri.h"

namespace claviger::registration {

using sip::HeaderId;

Result<std::shared_ptr<const RegNotify>> read_reg_notify(const sip::Message& message) {
  auto notify = std::make_shared<RegNotify>();
  notify->local_tag = message.tag(HeaderId::To);
  notify->remote_tag = message.tag(HeaderId::From);
  notify->call_id = sip::unfolded(message.value(HeaderId::CallId));
  CLAVIGER_TRY(cseq, message.cseq());
  notify->sequence = cseq.number;
  if (notify->local_tag.empty() || notify->remote_tag.empty()) return Error{Code::DialogUnknown, "reg.dialog"};
  sip::NameAddresses contacts(message.value(HeaderId::Contact));
  if (const auto contact = contacts.next(); contact && *contact) notify->remote_target = (*contact)->uri;
  const std::string_view state = message.value(HeaderId::SubscriptionState);
  if (state.empty()) return Error{Code::SipHeaderMissing, "reg.state"};
  const std::size_t semicolon = std::min(state.find(';'), state.size());
  notify->is_terminated = sip::equals_ignoring_case(sip::trim(state.substr(0, semicolon)), "terminated");
  const std::string_view reason = sip::find_parameter(state.substr(semicolon), "reason").value;
  for (const std::string_view final : {"rejected", "noresource", "invariant"}) {
    if (sip::equals_ignoring_case(reason, final)) notify->may_subscribe_again = false;
  }
  const auto wait = sip::read_number(sip::find_parameter(state.substr(semicolon), "retry-after").value, UINT32_MAX);
  notify->retry_after = static_cast<std::int64_t>(wait.value_or(0));
  if (!message.body().empty()) {
    if (!sip::equals_ignoring_case(message.media_type(), kReginfoType)) {
      return Error{Code::ContentUnsupported, "reg.content"};
    }
    CLAVIGER_TRY(info, parse_reginfo(message.body()));
    notify->info = std::move(info);
  }
  return std::shared_ptr<const RegNotify>(std::move(notify));
}

RegVerdict verdict_of(const Reginfo& info, const RegElement& element) {
  RegVerdict verdict;
  const auto is_active = [](const RegContact& contact) { return contact.is_active; };
  const bool has_active = std::ranges::any_of(element.contacts, is_active);
  const bool all_gone = info.is_full && !has_active && !element.contacts.empty();
  verdict.is_gone = element.state == RegElement::State::Terminated || all_gone;
  verdict.has_expired = std::ranges::any_of(
      element.contacts, [](const RegContact& contact) { return !contact.is_active && contact.event == "expired"; });
  for (const RegContact& contact : element.contacts) {
    if (!contact.is_active && !contact.instance.empty()) verdict.gone.push_back(contact.instance);
  }
  if (element.contacts.size() == 1 && has_active && element.contacts.front().event == "shortened") {
    verdict.expires = element.contacts.front().expires;
  }
  return verdict;
}

Order order_of(std::int64_t heard, const Reginfo& info) {
  if (std::int64_t{info.version} <= heard) return Order::Old;
  if (info.is_full || std::int64_t{info.version} == heard + 1) return Order::Next;
  return Order::Gap;
}

}  // namespace claviger::registration
