#include "cmd/patrolctl/client.h"

#include <chrono>
#include <fstream>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "lib/base/limits.h"
#include "lib/base/status.h"

namespace patrol::ctl {

namespace {

constexpr absl::Duration kConnectTimeout = absl::Seconds(5);

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> Connect(const Context& context) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(limits::kGrpcMessageBytesMax);
  std::shared_ptr<grpc::Channel> channel =
      grpc::CreateCustomChannel(context.server, grpc::InsecureChannelCredentials(), arguments);
  const auto deadline =
      std::chrono::system_clock::now() + absl::ToChronoMicroseconds(kConnectTimeout);
  while (true) {
    const grpc_connectivity_state state = channel->GetState(/*try_to_connect=*/true);
    if (state == GRPC_CHANNEL_READY) return channel;
    // The first refusal is the answer: on one machine there is nothing to wait for.
    if (state == GRPC_CHANNEL_TRANSIENT_FAILURE || state == GRPC_CHANNEL_SHUTDOWN ||
        !channel->WaitForStateChange(state, deadline)) {
      return absl::UnavailableError(
          absl::StrCat("no service answers at ", context.server,
                       "; start it with \"patrold serve --config FILE\", or give its address "
                       "with --server HOST:PORT"));
    }
  }
}

absl::Status PrepareCall(const Context& context, absl::Duration timeout,
                         grpc::ClientContext* call) {
  if (timeout != absl::InfiniteDuration()) {
    call->set_deadline(std::chrono::system_clock::now() + absl::ToChronoMicroseconds(timeout));
  }
  PATROL_ASSIGN_OR_RETURN(const std::string token, ReadToken(context));
  if (!token.empty()) call->AddMetadata("authorization", absl::StrCat("Bearer ", token));
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadToken(const Context& context) {
  if (context.token_file.empty()) return std::string();
  std::ifstream in(context.token_file);
  std::string token;
  if (!std::getline(in, token)) {
    return absl::NotFoundError(
        absl::StrCat("--token-file: \"", context.token_file, "\": cannot be read, or is empty"));
  }
  return std::string(absl::StripAsciiWhitespace(token));
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const std::string& message = status.error_message();
  // gRPC's own words for a service that is gone; the service's own UNAVAILABLE says what it lacks.
  for (const char* words : {"Socket closed", "Connection reset", "failed to connect"}) {
    if (message.find(words) == std::string::npos) continue;
    return absl::UnavailableError(
        absl::StrCat("the connection to the service was lost (", message, ")"));
  }
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), message);
}

std::string NameOf(const std::string& collection, const std::string& id) {
  const std::string prefix = collection + "/";
  return id.rfind(prefix, 0) == 0 ? id : prefix + id;
}

std::string IdOf(const std::string& name) {
  const size_t slash = name.find('/');
  return slash == std::string::npos ? name : name.substr(slash + 1);
}

}  // namespace patrol::ctl
