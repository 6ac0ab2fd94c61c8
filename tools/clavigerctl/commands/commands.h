// Each noun's commands, gathered by all_commands().
#pragma once

#include <vector>

#include "tools/clavigerctl/command.h"

namespace claviger::ctl {

std::vector<Command> daemon_commands();  // status, metrics, config, reload, shutdown, log, clock, completion
std::vector<Command> tenant_commands();
std::vector<Command> user_commands();
std::vector<Command> transfer_commands();  // user import, user export, subscriber import
std::vector<Command> subscriber_commands();
std::vector<Command> client_commands();
std::vector<Command> consent_commands();
std::vector<Command> session_commands();
std::vector<Command> ue_commands();
std::vector<Command> token_commands();
std::vector<Command> key_commands();
std::vector<Command> seal_commands();
std::vector<Command> partner_commands();
std::vector<Command> kms_commands();
std::vector<Command> authenticator_commands();  // and policies
std::vector<Command> seal_key_commands();
std::vector<Command> capif_commands();
std::vector<Command> profile_commands();       // documents of the configuration management server
std::vector<Command> peer_commands();          // of the Diameter node
std::vector<Command> acm_commands();           // setting users up at partners
std::vector<Command> registration_commands();  // over SIP
std::vector<Command> audit_commands();
std::vector<Command> backup_commands();

}  // namespace claviger::ctl
