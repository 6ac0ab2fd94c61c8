// Relay: the migration management server on Cx (TS 29.228, TS 29.229; TS 23.280 clauses 10.6.2.2 and 10.6.2.3).
//
// In front of whoever serves Cx on the node. A request is
//   a migrant's here        User-Name (or Public-Identity) lies in a range of an agreement: partner system. MAR goes to the
//                           primary system with the primary identities and comes back with the partner ones; UAR, SAR and LIR
//                           are answered here (visitor_registration.h)
//   a user's of ours there  Origin-Realm is an agreement's: primary system. Checked, and handed to the SIP database here, or
//                           to the one that the agreement names
//   anybody else's          passed to `next` as it is
//
// What leaves towards the primary system holds nothing but AVPs that are named here, and no partner identity; what leaves
// towards the S-CSCF is built anew and holds no primary one. One object for all shards, alive as long as the node; nothing
// of a MAR that is relayed allocates (the binding being at hand).
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "broker/migration/migration.h"
#include "broker/migration/pending_servers.h"
#include "broker/migration/visitor_asker.h"
#include "broker/migration/visitor_assignment.h"
#include "core/diameter/node.h"

namespace claviger::migration {

// The S-CSCF waits 5 s as a rule: two attempts and what lies between must be over by then.
inline constexpr Milliseconds kRelayTotal{4200};
inline constexpr Milliseconds kRelayAttempt{1800};
// At the primary system: inside one attempt of the partner system.
inline constexpr Milliseconds kHomeTotal{1600};
inline constexpr Milliseconds kHomeAttempt{800};

class Relay final : public diameter::Handler, public diameter::Returning, public diameter::Watching, public Terminator {
 public:
  // `next`: serves Cx for users who do not migrate; null: there is none, they are unknown (5001).
  Relay(Migration& migration, diameter::Node& node, diameter::Handler* next);

  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // Before the node starts: takes the commands of Cx that `next` would have, and RTR.
  void serve();

  void handle(diameter::Request& request) override;
  std::uint64_t generation() const override;
  std::optional<Slice> on_answer(diameter::ForwardState& state, const Slice& request, const diameter::Message& answer,
                                 diameter::Edits& edits) override;
  void on_failure(diameter::ForwardState& state, const Slice& request, Error reason,
                  diameter::MessageBuilder& answer) override;
  void on_answered(const diameter::Message& request, const diameter::Message& answer) override;

  runtime::Task<Result<Unit>> part_from(std::string tenant, BindingRef binding) override;
  // The S-CSCF that serves this visitor parts from him (RTR). What there is not to part from is done. On any shard.
  runtime::Task<Result<Unit>> terminate(std::string tenant, BindingRef binding, std::uint32_t reason);

 private:
  enum class Role : std::uint8_t { Partner, Primary };
  // Kept with the transaction: the identities that were sent, by their places in the binding.
  struct Sent {
    Role role;
    std::uint8_t impu;
    std::uint16_t slot;
    std::uint64_t version;
    std::int64_t began_us;
  };
  // A request that was admitted.
  struct Admitted {
    AgreementRef agreement;
    BindingRef binding;
    std::size_t impu = 0;
  };
  struct Refusal {
    std::uint32_t code = 0;
    bool is_experimental = true;
    std::optional<diameter::AvpId> offender = std::nullopt;  // told as Failed-AVP
  };
  struct Rates;

  void handle_visitor(diameter::Request& request, AgreementRef agreement);
  void handle_migrant(diameter::Request& request, AgreementRef agreement);
  runtime::Task<void> load_and_handle(diameter::Request request, AgreementRef agreement, Role role);
  void with_binding(diameter::Request& request, AgreementRef agreement, BindingRef binding, Role role);
  static Asker asker_of(const diameter::Request& request) {
    return {request.source().identity, request.source().realm, request.message().origin_realm(),
            request.message().origin_host()};
  }
  bool may_ask(const diameter::Request& request, const Agreement& agreed) const;
  // Now, both of them, and the tenant is not disabled.
  bool are_in_force(const AgreementView& agreement, const Binding& binding) const;
  std::optional<Refusal> check_visitor(const diameter::Request& request, const Admitted& admitted, std::size_t& impu);
  std::optional<Refusal> check_migrant(const diameter::Request& request, const Admitted& admitted, std::size_t& impu);
  std::optional<Refusal> check_source(const diameter::Request& request, const AgreementView& agreement);
  void relay(diameter::Request& request, const Admitted& admitted, Role role);
  void to_own_database(diameter::Request& request, const Admitted& admitted);
  void refuse(diameter::Request& request, const AgreementView* agreement, Refusal why);
  runtime::Task<void> find_by_number(diameter::Request request);
  void handle_others(diameter::Request& request);
  runtime::Task<void> serve_visitor(diameter::Request request, AgreementRef agreement);
  runtime::Task<Result<PendingServer>> look_for_pending(std::size_t shard, std::string tenant, std::string impi);
  runtime::Task<Result<PendingServer>> pending_server(std::string tenant, std::string impi);
  runtime::Task<Result<Unit>> forget_there(std::size_t shard, std::string tenant, std::string impi,
                                           PendingServer decided);
  runtime::Task<void> forget_pending(std::string tenant, std::string impi, PendingServer decided);
  runtime::Task<Result<Assignment>> decide_assignment(std::string tenant, std::string impi, AssignmentAsked asked);
  runtime::Task<void> terminate_from_home(diameter::Request request);
  void tell_home(const AgreementRef& agreement, BindingRef binding, std::uint32_t type);
  runtime::Task<void> assign_upstream(AgreementRef agreement, BindingRef binding, std::uint32_t type);
  bool is_for_us(const diameter::Request& request) const;
  AgreementRef agreement_of_peer(const diameter::Request& request) const;
  TraceStep& trace(const AgreementView& agreement, std::string_view step, std::string_view partner,
                   std::string_view primary, std::string_view peer);
  Rates& rates();

  Migration& migration_;
  diameter::Node& node_;
  diameter::Handler* next_;
  std::vector<std::unique_ptr<Rates>> rates_;             // by shard
  std::vector<std::unique_ptr<PendingServers>> pending_;  // by shard: of answers that it gave
};

}  // namespace claviger::migration
