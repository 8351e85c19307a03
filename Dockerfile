# One image per program: docker build --build-arg SERVICE=billing -t evenkeel/billing .
# SERVICE is a package of the workspace: billing, payments, portal-auth, notifications, reporting, evenkeel, stripe-sandbox.

FROM rust:1.95-slim-trixie AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends protobuf-compiler libprotobuf-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY . .
ARG SERVICE
# The cache of queries in .sqlx stands in for a database.
ENV SQLX_OFFLINE=true
# .cargo/config.toml names the one that ./dev brings; this one is the image's.
ENV PROTOC=/usr/bin/protoc
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --package "$SERVICE" --bin "$SERVICE" \
    && cp "target/release/$SERVICE" /program

# glibc, certificates, time zones and a user without rights; no shell.
FROM gcr.io/distroless/cc-debian13:nonroot
COPY --from=build /program /usr/local/bin/program
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/program"]
