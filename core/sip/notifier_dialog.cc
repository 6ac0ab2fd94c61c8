#include "core/sip/notifier_dialog.h"

#include "core/sip/name_address.h"

namespace claviger::sip {
namespace {

std::string kept(std::string_view value) { return value.size() > kDialogTextMax ? std::string() : unfolded(value); }

}  // namespace

Result<NotifierDialog> read_dialog(const Message& subscribe) {
  NotifierDialog dialog;
  CLAVIGER_TRY(cseq, subscribe.cseq());
  dialog.remote_sequence = cseq.number;
  CLAVIGER_TRY(from, parse_name_address(subscribe.value(HeaderId::From)));
  CLAVIGER_TRY(to, parse_name_address(subscribe.value(HeaderId::To)));
  dialog.call_id = kept(subscribe.value(HeaderId::CallId));
  dialog.remote_tag = kept(subscribe.tag(HeaderId::From));
  dialog.local_tag = kept(subscribe.tag(HeaderId::To));
  dialog.remote_uri = kept(from.uri);
  dialog.local_uri = kept(to.uri);
  NameAddresses contacts(subscribe.value(HeaderId::Contact));
  if (const auto first = contacts.next(); first && *first) dialog.remote_target = kept((*first)->uri);
  // One, and not a choice of them (RFC 3261 clause 12.1.1).
  if (contacts.next() || (subscribe.has(HeaderId::Contact) && subscribe.count(HeaderId::Contact) > 1)) {
    return Error{Code::SipHeaderRepeated, "subscribe.contact"};
  }
  subscribe.for_each(HeaderId::RecordRoute, [&dialog](std::string_view value) {
    NameAddresses addresses(value);
    while (auto next = addresses.next()) {
      if (!*next || dialog.routes.size() == kDialogRoutesMax) return;
      dialog.routes.push_back(kept((*next)->text));
    }
  });
  const Parameter id = find_parameter(subscribe.value(HeaderId::Event).substr(subscribe.event().size()), "id");
  dialog.event_id = kept(id.value);
  const bool is_new = dialog.local_tag.empty();
  if (is_new && (dialog.remote_target.empty() || dialog.remote_tag.empty() || dialog.call_id.empty())) {
    return Error{Code::SipHeaderMissing, "subscribe.dialog"};
  }
  return dialog;
}

bool is_same_dialog(const NotifierDialog& known, const NotifierDialog& said) {
  return known.local_tag == said.local_tag && known.call_id == said.call_id && known.remote_tag == said.remote_tag &&
         known.event_id == said.event_id;
}

OutgoingRequest write_notify(const NotifierDialog& dialog, Notification notification) {
  OutgoingRequest request;
  request.method = "NOTIFY";
  request.uri = dialog.remote_target;
  request.next_hop = dialog.remote_target;
  std::vector<std::string> routes = dialog.routes;
  if (!routes.empty()) {
    const auto first = parse_name_address(routes.front());
    const auto uri = first ? parse_uri(first->uri) : Result<UriView>(first.error());
    if (uri) {
      request.next_hop = std::string(first->uri);
      if (!find_parameter(uri->parameters, "lr").is_present) {
        // A strict router is the target itself, and the target the last route (RFC 3261 clause 12.2.1.1).
        request.uri = request.next_hop;
        routes.erase(routes.begin());
        routes.push_back("<" + dialog.remote_target + ">");
      }
    }
  }
  for (std::string& route : routes) request.headers.push_back({"Route", std::move(route)});
  request.headers.push_back({"From", "<" + dialog.local_uri + ">;tag=" + dialog.local_tag});
  request.headers.push_back({"To", "<" + dialog.remote_uri + ">;tag=" + dialog.remote_tag});
  request.headers.push_back({"Call-ID", dialog.call_id});
  request.headers.push_back({"CSeq", std::to_string(dialog.local_sequence) + " NOTIFY"});
  request.headers.push_back({"Contact", std::move(notification.contact)});
  if (!notification.asserted_identity.empty()) {
    request.headers.push_back({"P-Asserted-Identity", std::move(notification.asserted_identity)});
  }
  if (!dialog.event_id.empty()) notification.event += ";id=" + dialog.event_id;
  request.headers.push_back({"Event", std::move(notification.event)});
  request.headers.push_back({"Subscription-State", std::move(notification.state)});
  request.content_type = std::move(notification.content_type);
  request.body = std::move(notification.body);
  return request;
}

NotifyOutcome outcome_of(const Result<ReceivedResponse>& answer) {
  if (!answer) {
    const bool is_for_good = answer.error().code == Code::DeadlinePassed || answer.error().code == Code::SipUri;
    return is_for_good ? NotifyOutcome::Gone : NotifyOutcome::Again;
  }
  const Message& message = (*answer)->message;
  if (message.status() < 300) return NotifyOutcome::Heard;
  return message.has(HeaderId::RetryAfter) && message.status() != 481 ? NotifyOutcome::Again : NotifyOutcome::Gone;
}

}  // namespace claviger::sip
