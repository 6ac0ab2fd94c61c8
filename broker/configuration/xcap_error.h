// How refusals are answered: the one table from a Code to a status and an element of RFC 4825 clause 11.2.
//
// Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "broker/configuration/xcap_fault.h"
#include "core/base/result.h"
#include "core/http/message.h"

namespace claviger::configuration {

// `ancestor`: for no-parent, the URL of the element that is there.
http::Response fault_response(const XcapFault& fault, std::string_view ancestor = {});
// `scope`: what the token should have had.
http::Response error_response(std::string_view tenant, const Error& error, std::string_view scope = {});

}  // namespace claviger::configuration
