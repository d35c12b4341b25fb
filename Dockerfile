# The gateway as an image: compiled in one stage, run without privileges and without build tools in the next.
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# The image brings its own Node: the devDependency `node` need not fetch another.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npx tsc -p tsconfig.build.json && npm prune --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /opt/sluice
RUN groupadd --system sluice \
 && useradd --system --gid sluice --home-dir /var/lib/sluice --shell /usr/sbin/nologin sluice \
 && install -d -o sluice -g sluice -m 0750 /var/lib/sluice \
 && install -d /etc/sluice
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY package.json ./
COPY bin ./bin
COPY rules ./rules
COPY deploy/gateway/sluice.yaml /etc/sluice/sluice.yaml
RUN ln -s /opt/sluice/bin/sluice.js /usr/local/bin/sluice
USER sluice
VOLUME /var/lib/sluice
EXPOSE 5060/udp 5060/tcp 5061/tcp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
  CMD ["sluice", "health", "--config", "/etc/sluice/sluice.yaml"]
ENTRYPOINT ["sluice"]
CMD ["run", "--config", "/etc/sluice/sluice.yaml"]
