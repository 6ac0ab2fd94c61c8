#include "broker/registration/answers.h"

#include "broker/registration/info_document.h"
#include "broker/registration/settings_document.h"
#include "core/sip/multipart.h"

namespace claviger::registration {
namespace {

using sip::Response;

// Of whom we cannot serve now.
constexpr std::string_view kRetryAfter = "5";

// The MC code stands inside the text; the warning's own is always 399 (TS 24.379 clause 4.4.1).
std::string warning(Registrar& registrar, std::string_view text) {
  return "399 " + registrar.endpoint().options().via_host + " " + sip::quoted(text);
}

}  // namespace

Response refusal(Registrar& registrar, const Error& error) {
  switch (error.code) {
    case Code::ServiceNotAuthorised:
      return Response(403).with("Warning", warning(registrar, "101 service authorisation failed"));
    case Code::XmlSignature:
      return Response(403).with("Warning", warning(registrar, "139 integrity protection check failed"));
    case Code::XmlEncryption:
    case Code::CskMissing:
    case Code::CskInvalid:
      return Response(403).with("Warning", warning(registrar, "140 unable to decrypt XML content"));
    case Code::RegistrationUnknown:
      return Response(404).with("Warning", warning(registrar, "141 user unknown to the participating function"));
    case Code::EventUnsupported:
      return Response(489).with("Allow-Events", registrar.package_event().empty()
                                                    ? "poc-settings"
                                                    : "poc-settings, " + registrar.package_event());
    case Code::IntervalTooBrief:
      return Response(423).with("Min-Expires", std::to_string(kIntervalMin));
    case Code::ContentUnsupported: {
      if (error.where == sip::kTransferEncoding)
        return Response(415).with("Warning",
                                  warning(registrar, "Content-Transfer-Encoding: 7bit, 8bit, binary, base64"));
      std::string types = "multipart/mixed, ";
      types += kSettingsType;
      for (const Service& service : registrar.services().all()) types += ", " + service.info_media_type;
      return Response(415).with("Accept", std::move(types));
    }
    // A body that says nothing which could be understood.
    case Code::XmlDoctype:
    case Code::XmlSyntax:
    case Code::XmlSchema:
    case Code::Utf8Invalid:
    case Code::BadValue:
      return Response(400);
    case Code::XmlTooLarge:
      return Response(413);
    case Code::TooMany:  // parts of a body, or what one user may have
      return Response(std::string_view(error.where).starts_with("sip.") ? 413 : 403);
    default:
      break;
  }
  const std::uint16_t status = sip::status_of(error.code);
  Response response(status);
  if (status == 500 || status == 503) response.with("Retry-After", std::string(kRetryAfter));
  return response;
}

Response registered(Registrar& registrar, const sip::Message& message, const RegisterRequest& request) {
  Response response(200);
  // The same value, however large (TS 24.229 clause 5.7.1.1); what is no number was taken for the largest.
  const std::string said = sip::unfolded(message.value(sip::HeaderId::Expires));
  const bool is_number = !said.empty() && said.find_first_not_of("0123456789") == std::string::npos;
  response.with("Expires", is_number ? said : std::to_string(request.expires));
  if (!request.icid.empty()) {
    std::string vector = "icid-value=" + sip::quoted(request.icid);
    if (!request.orig_ioi.empty()) vector += ";orig-ioi=" + sip::quoted(request.orig_ioi);
    vector += ";term-ioi=" + sip::quoted(registrar.psi_domain());
    response.with("P-Charging-Vector", std::move(vector));
  }
  return response;
}

Response published(Registrar& registrar, const PublishOutcome& outcome) {
  Response response(200);
  response.with("Expires", std::to_string(outcome.granted));
  if (outcome.etag.empty()) return response;
  response.with("SIP-ETag", outcome.etag);
  const Service* const service = registrar.services().find(outcome.service);
  if (outcome.has_several_devices && service != nullptr) {
    response.content_type = service->info_media_type;
    response.body = multiple_devices_document(*service);
  }
  return response;
}

std::string contact_for(const Registrar& registrar, bool is_tls) {
  const std::string& plain = registrar.contact();
  const std::uint16_t port = registrar.sip().tls_port;
  if (!is_tls || port == 0) return plain;
  return plain.substr(0, plain.rfind(':') + 1) + std::to_string(port) + ";transport=tls>";
}

Response subscribed(Registrar& registrar, const SubscribeOutcome& outcome, bool is_tls) {
  Response response(200);
  response.to_tag = outcome.local_tag;
  response.until_sent = outcome.until_answered;
  response.with("Expires", std::to_string(outcome.granted)).with("Contact", contact_for(registrar, is_tls));
  return response;
}

}  // namespace claviger::registration
