#include "broker/registration/figures.h"

namespace claviger::registration {

std::string_view name_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::Token:
      return "token";
    case Refusal::Protection:
      return "protection";
    case Refusal::Unknown:
      return "unknown";
    case Refusal::Malformed:
      return "malformed";
    case Refusal::Overload:
      return "overload";
  }
  return "";
}

Refusal refusal_of(Code code) {
  switch (code) {
    case Code::ServiceNotAuthorised:
      return Refusal::Token;
    case Code::XmlEncryption:
    case Code::XmlSignature:
    case Code::CskMissing:
    case Code::CskInvalid:
      return Refusal::Protection;
    case Code::RegistrationUnknown:
    case Code::EntityTagUnknown:
    case Code::DialogUnknown:
    case Code::BindingDiffers:
    case Code::SubscriptionUnknown:
      return Refusal::Unknown;
    case Code::Overload:
    case Code::DeadlinePassed:
    case Code::TooMany:
    case Code::Conflict:
    case Code::NoSpace:
    case Code::Io:
      return Refusal::Overload;
    default:
      return Refusal::Malformed;
  }
}

}  // namespace claviger::registration
